#include "CStoaVector.h"
