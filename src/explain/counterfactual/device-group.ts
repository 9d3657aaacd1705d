/** A rule for a group of interfaces (`iifgroup`, `-m devgroup`) that the packet's interface is not in. */
import { deviceWord, positional } from '../../edits/words.ts'
import { command, spoken } from '../../model/command.ts'
import type { Scalar } from '../../model/condition.ts'
import { linkNamed } from '../../rules/links.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { wantedBy } from './distance.ts'
import { fieldOf, isNegated } from './failed-condition.ts'
import type { NearMiss } from './near-misses.ts'

interface DeviceGroup {
  device: string
  /** As it is listed; undefined: not known. */
  has: string | undefined
  asked: Scalar | undefined
}

/** An interface that somebody makes is in group 0 (`default`), until it is put into another one. */
function deviceGroup({ world: { host } }: Context, { miss: { condition }, moment: { packet } }: NearMiss) {
  const [, side] = /^meta ([io])ifgroup$/.exec(fieldOf(condition) ?? '') ?? []
  const device = side === undefined ? undefined : side === 'i' ? packet.in : packet.out
  if (device === undefined || isNegated(condition)) return undefined
  const has = linkNamed(host, device)?.group
  const asked = wantedBy(condition)
  return { device, has, asked: asked.length === 1 ? asked[0] : undefined } satisfies DeviceGroup
}

/** `interface vrrp.51 is in group 0 (default)`; undefined: it asks for no group, or the interface's is not listed. */
export function groupWords(context: Context, one: NearMiss): string | undefined {
  const { device, has } = deviceGroup(context, one) ?? {}
  return device === undefined || has === undefined
    ? undefined
    : `interface ${device} is in group ${has === 'default' ? '0 (default)' : has}`
}

/** By hand. */
export function intoGroup(context: Context, one: NearMiss): Proposal[] {
  const { device = '', asked } = deviceGroup(context, one) ?? {}
  const put =
    asked === undefined
      ? undefined
      : spoken(command('ip', 'link', 'set', 'dev', deviceWord(device), 'group', positional(String(asked))))
  return put === undefined
    ? []
    : [
        {
          description: `to apply the rules for group ${asked} to ${device}, put it into that group: ${put}`,
          unverified: 'the model does not change groups of interfaces',
          note: 'the program that creates the interface has to do the same',
        },
      ]
}
