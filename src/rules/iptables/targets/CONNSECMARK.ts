import { atLeastOne, atMostOne, defineTarget, flag } from '../extension.ts'

/** `-j CONNSECMARK --save|--restore`: copies an SELinux context between packet and connection; the packet goes on (libxt_CONNSECMARK.c). */
export const CONNSECMARK = defineTarget({
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  options: { save: flag(), restore: flag() },
  check(values) {
    atLeastOne(values, 'save', 'restore')
    atMostOne(values, 'save', 'restore')
  },
  statements: ({ save }) => [
    save
      ? { kind: 'note', text: "the connection gets the packet's security mark, if the connection has none yet" }
      : {
          kind: 'unknown',
          text: '--restore',
          reason: "the connection's security mark is not known",
          fields: ['meta secmark'],
        },
  ],
})
