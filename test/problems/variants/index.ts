/**
 * The library's problems once more, each changed in one way that leaves its truth as it is: what is said of them must not
 * hang on how they happen to be written. Whether a change left the problem a problem, the kernel says: where senders
 * see something else, it is left out.
 */
import type { Problem } from '../problem.ts'
import { asDatagrams } from './as-datagrams.ts'
import { asSixes } from './as-sixes.ts'
import { otherTool } from './other-tool.ts'
import { wrapped } from './wrapped.ts'

/** Nothing where the change says nothing of such a problem. */
export type Variant = (problem: Problem) => Problem | undefined

export const VARIANTS = { 'other-tool': otherTool, sixes: asSixes, datagrams: asDatagrams, wrapped } satisfies Record<
  string,
  Variant
>
