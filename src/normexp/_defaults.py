"""What estimators and the command line start from alike."""

ALPHA = 1e-3
MAX_ITER = 1000
TOL = 1e-6
