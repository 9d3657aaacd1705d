import { defineMatch, HOOKS_IN } from '../extension.ts'

/** `-m eui64`: is the last half of the source address made from the sender's MAC address? (libip6t_eui64.c) */
export const eui64 = defineMatch({
  name: 'eui64',
  family: 'ip6',
  hooks: HOOKS_IN,
  options: {},
  conditions: () => [
    {
      kind: 'unknown',
      text: '-m eui64',
      reason: "nfwhy does not compare the source address with the sender's MAC address",
    },
  ],
})
