/** One list of five files. */
import type { Problem } from '../problem.ts'
import { THREADS_AO } from './threads-ao.ts'
import { THREADS_AO_2 } from './threads-ao-2.ts'
import { THREADS_AO_3 } from './threads-ao-3.ts'
import { THREADS_AO_4 } from './threads-ao-4.ts'
import { THREADS_AO_5 } from './threads-ao-5.ts'

export const THREADS_AO_ALL: Problem[] = [
  ...THREADS_AO,
  ...THREADS_AO_2,
  ...THREADS_AO_3,
  ...THREADS_AO_4,
  ...THREADS_AO_5,
]
