import type { Condition } from '../../../model/condition.ts'
import { defineMatch, flag } from '../extension.ts'

const options = {
  transparent: flag(),
  nowildcard: flag(),
  'restore-skmark': flag(),
}

/** `-m socket`: has this host an open socket for the packet? (libxt_socket.c revision 3, net/netfilter/xt_socket.c) */
export const socket = defineMatch({
  name: 'socket',
  hooks: ['prerouting', 'input'],
  options,
  conditions(values) {
    // one that is bound to any address does not count, unless --nowildcard says so
    const wildcard: Condition = values.nowildcard
      ? { kind: 'compare', field: 'socket wildcard', op: '>=', value: 0, text: '-m socket --nowildcard' }
      : { kind: 'compare', field: 'socket wildcard', op: '==', value: 0, text: '-m socket' }
    const conditions: Condition[] = [wildcard]
    if (values.transparent)
      conditions.push({ kind: 'compare', field: 'socket transparent', op: '==', value: 1, text: '--transparent' })
    if (values['restore-skmark'])
      conditions.push({ kind: 'unknown', text: '--restore-skmark', reason: "the packet gets the socket's own mark" })
    return conditions
  },
})
