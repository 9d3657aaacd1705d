import { command } from '../../../model/command.ts'
import { sysctlOf } from '../../survey/facts.ts'
import { linksOf } from '../links.ts'
import { type Cause, setting } from '../problem.ts'

export const bridged: Cause = {
  id: 'bridged',
  about: {
    cause: 'frames that a bridge forwards do not traverse the IP hooks',
    check: '`bridge-nf-call-iptables` (`-ip6tables`) is 0 or missing, and a bridge has ports',
    mend: 'trace in `table bridge`; or set `bridge-nf-call-iptables` (`-ip6tables`) to 1',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const ports = linksOf(facts).filter(({ bridge }) => bridge !== undefined)
    const named = [wish.packet.in, wish.packet.out].filter((name) => name !== undefined)
    const port = ports.find(({ name, bridge }) => named.includes(name) || named.includes(bridge!)) ?? ports[0]
    if (!port) return []
    const asked = named.includes(port.name) || named.includes(port.bridge!)
    return wish.families.flatMap((family) => {
      const name = `bridge-nf-call-${family}tables`
      const value = sysctlOf(facts, `net/bridge/${name}`)
      // only what br_netfilter is loaded for can be seen to be off
      if (value === '1' || (value === undefined && family === 'ip6')) return []
      return [
        {
          code: 'bridged',
          severity: asked ? 'warning' : 'note',
          message: `Frames that ${port.bridge} forwards between its ports do not traverse the ${family === 'ip' ? 'IPv4' : 'IPv6'} rules.`,
          evidence: `${value === undefined ? 'br_netfilter is not loaded' : `net.bridge.${name} = ${value}`}; ${port.line}`,
          fix: {
            description: 'trace in a table of family bridge; or send bridged frames through the IP rules',
            ...(value === undefined
              ? { commands: [command('modprobe', 'br_netfilter')] }
              : setting(`net.bridge.${name}`, '1', value)),
            safe: false,
            unsafe: 'all rules then see bridged frames, and may drop them',
          },
        },
      ]
    })
  },
}
