/** Every match and target there is: one line each. */
import type { IpFamily, Match, Target } from './extension.ts'
import { comment } from './matches/comment.ts'
import { mark } from './matches/mark.ts'
import { DNAT } from './targets/DNAT.ts'

export const MATCHES: readonly Match[] = [comment, mark]

export const TARGETS: readonly Target[] = [DNAT]

function find<T extends Match | Target>(list: readonly T[], name: string, family: IpFamily): T | undefined {
  return list.find(
    (one) => (one.name === name || one.aliases?.includes(name)) && (one.family === undefined || one.family === family),
  )
}

export const findMatch = (name: string, family: IpFamily): Match | undefined => find(MATCHES, name, family)
export const findTarget = (name: string, family: IpFamily): Target | undefined => find(TARGETS, name, family)
