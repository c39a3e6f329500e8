// The vector operations that Swift's SIMD types cannot express, as static inline functions that inline into Swift loops.
#ifndef STOA_C_VECTOR_H
#define STOA_C_VECTOR_H

// Contraction to fused multiply-add would make results depend on the compiler's mood.
#pragma STDC FP_CONTRACT OFF

#include "StoaAngles.h"
#include "StoaBits.h"
#include "StoaBlend.h"
#include "StoaCompare.h"
#include "StoaCompress.h"
#include "StoaConvert.h"
#include "StoaExponentials.h"
#include "StoaLogarithms.h"
#include "StoaMath.h"
#include "StoaPlace.h"
#include "StoaVectorISA.h"
#include "StoaVectorNumbers.h"
#include "StoaVectorReduce.h"

#endif
