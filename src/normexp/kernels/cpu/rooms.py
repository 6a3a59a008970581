"""The rooms of the scratch, by what they hold.

A room has space for the numbers of one tile. Two things share one only where the first is used up
before the second comes.
"""

(
    NUMBERS,  # of the tile as it was read; when they are used up, its results
    EXPONENTIALS,
    LANE_TOTALS,  # what each lane adds up to, before the lanes are brought together
    LANES,  # a few numbers for each lane, from when they are found until they are loaded
    TARGET,  # the mass of every class
    TERMS,  # of a sum
    SLOPES,  # the derivative of each term, before it is weighed
    LEADERS,  # for each lane, the class that leads the row
    WIDE,  # the logits in the type of the arithmetic
) = range(ROOMS := 9)

DIFFERENCES = SLOPES  # p_k − t_k or z_k − t_k
MANTISSAS, EXPONENTS = TERMS, SLOPES  # of factors
