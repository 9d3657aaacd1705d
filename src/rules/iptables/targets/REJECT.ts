import { defineTarget, type RuleContext, WordError, word } from '../extension.ts'

// the kernel's numbers are the order in which a shortened name is looked up
const TYPES = {
  ip: {
    'icmp-net-unreachable': 'net-unreach',
    'icmp-host-unreachable': 'host-unreach',
    'icmp-port-unreachable': 'port-unreach',
    'icmp-proto-unreachable': 'proto-unreach',
    'icmp-net-prohibited': 'net-prohib',
    'icmp-host-prohibited': 'host-prohib',
    'tcp-reset': 'tcp-rst',
    'icmp-admin-prohibited': 'admin-prohib',
  },
  ip6: {
    'icmp6-no-route': 'no-route',
    'icmp6-adm-prohibited': 'adm-prohibited',
    'icmp6-addr-unreachable': 'addr-unreach',
    'icmp6-port-unreachable': 'port-unreach',
    'tcp-reset': 'tcp-reset',
    'icmp6-policy-fail': 'policy-fail',
    'icmp6-reject-route': 'reject-route',
  },
}

function readType(text: string, { family }: RuleContext): string {
  const beginning = text.toLowerCase()
  const found = Object.entries(TYPES[family]).find((names) => names.some((name) => name.startsWith(beginning)))
  if (!found) throw new WordError(`"${text}" is not a type for --reject-with`)
  return found[0]
}

const defaultType = ({ family }: RuleContext) => (family === 'ip' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable')

/** `-j REJECT [--reject-with TYPE]`: drops the packet and answers with an error (libipt_REJECT.c, libip6t_REJECT.c). */
export const REJECT = defineTarget({
  name: 'REJECT',
  tables: ['filter'],
  options: { 'reject-with': word(readType, (type) => type) },
  check(values, { spec: { protocol } }) {
    if (values['reject-with']?.value === 'tcp-reset' && (protocol?.value !== 'tcp' || protocol.not))
      throw new WordError('--reject-with tcp-reset needs -p tcp')
  },
  print: (values, context) => ['--reject-with', values['reject-with']?.value ?? defaultType(context)],
  statements: (values, context) => [{ kind: 'reject', with: values['reject-with']?.value ?? defaultType(context) }],
})
