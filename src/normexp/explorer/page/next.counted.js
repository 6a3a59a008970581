// Written by normexp/explorer/counted.py: do not edit.

export const SENTENCES = {
 "soup": {
  "language": "en",
  "text": "The soup was very",
  "last": "very",
  "counts": {
   "good": 893885632,
   "nice": 267887296,
   "important": 437390272,
   "different": 238146560,
   "young": 119634624,
   "strong": 127013056,
   "popular": 112430528,
   "hot": 43582208,
   "rich": 24896896,
   "sweet": 20390528,
   "cold": 28945600,
   "dark": 21975808
  }
 },
 "once": {
  "language": "en",
  "text": "She tried it once",
  "last": "once",
  "counts": {
   "again": 491131392,
   "a": 380306752,
   "the": 281982080,
   "in": 193193088,
   "more": 139645952,
   "and": 127304768,
   "they": 101323456,
   "every": 67264832,
   "said": 50344384,
   "was": 37312832,
   "upon": 13009088,
   "per": 48533184
  }
 },
 "black": {
  "language": "en",
  "text": "In the garden sat a black",
  "last": "black",
  "counts": {
   "cat": 10675520,
   "bear": 14546624,
   "sheep": 7005184,
   "hole": 57853824,
   "box": 30216000,
   "hair": 31951936,
   "pepper": 35945920,
   "tea": 7704896,
   "magic": 9358656,
   "dress": 11808704,
   "background": 14241280,
   "olives": 6532864
  }
 },
 "sky": {
  "language": "zh",
  "text": "今天天",
  "last": "天",
  "counts": {
   "下": 6255,
   "然": 5328,
   "津": 4801,
   "门": 4627,
   "气": 2657,
   "地": 1989,
   "天": 1855,
   "空": 1849,
   "子": 1663,
   "堂": 1264,
   "上": 1256,
   "色": 998
  }
 },
 "fruit": {
  "language": "zh",
  "text": "桌上有一盘水",
  "last": "水",
  "counts": {
   "平": 13880,
   "产": 3249,
   "中": 2184,
   "面": 2137,
   "力": 1951,
   "泥": 1627,
   "果": 1510,
   "利": 1504,
   "质": 1437,
   "深": 1313,
   "晶": 1235,
   "稻": 1109
  }
 },
 "school": {
  "language": "zh",
  "text": "她每天早上去学",
  "last": "学",
  "counts": {
   "生": 30776,
   "院": 29249,
   "校": 17020,
   "习": 13482,
   "者": 4212,
   "科": 3432,
   "术": 3206,
   "会": 2639,
   "位": 2634,
   "说": 1962,
   "历": 1460,
   "派": 1432
  }
 }
};
