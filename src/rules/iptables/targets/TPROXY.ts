import { defineTarget, needsProtocol, word } from '../extension.ts'
import { addressOption } from '../values/addresses.ts'
import { hex, maskedOption } from '../values/numbers.ts'
import { readPort } from '../values/ports.ts'

const ANY = { ip: '0.0.0.0', ip6: '::' }

/**
 * `-j TPROXY --on-port PORT`: hands the packet to a transparent proxy's socket without rewriting it; accepted then,
 * dropped where there is no such socket (libxt_TPROXY.c, net/netfilter/xt_TPROXY.c).
 */
export const TPROXY = defineTarget({
  name: 'TPROXY',
  tables: ['mangle'],
  hooks: ['prerouting'],
  options: {
    'on-port': word((text) => readPort(text), String, { required: true }),
    'on-ip': addressOption(),
    'tproxy-mark': maskedOption(),
  },
  check: (_values, context) => needsProtocol(context, 'tcp', 'udp'),
  print(values, { family }) {
    const { value, mask } = values['tproxy-mark']?.value ?? { value: 0, mask: 0 }
    return [
      ...['--on-port', String(values['on-port']!.value)],
      ...['--on-ip', values['on-ip']?.value ?? ANY[family]],
      ...['--tproxy-mark', `${hex(value)}/${hex(mask)}`],
    ]
  },
  statements(values, { family }) {
    const port = values['on-port']!.value
    const address = values['on-ip']?.value ?? ANY[family]
    const mark = values['tproxy-mark']?.value
    const marks = mark && (mark.mask !== 0 || mark.value !== 0)
    return [
      {
        kind: 'tproxy',
        ...(address === ANY[family] ? {} : { address }),
        ...(port === 0 ? {} : { port }),
        otherwise: 'drop',
      },
      ...(marks ? [{ kind: 'set' as const, field: 'meta mark', ...mark }] : []),
      { kind: 'accept' },
    ]
  },
})
