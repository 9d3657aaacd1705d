/** All of a machine's facts in one text, as people paste them into a ticket: commands with what they print. */
import type { Asked } from './asked.ts'
import { isIptables, isOnNft, type Kept, typed } from './kept.ts'

/** What was collected, where nothing else was asked: by the command that prints the same. */
const COLLECTED: Readonly<Record<string, string>> = {
  'ip -d -j addr': 'ip-addr.txt',
  'ip -4 -j rule': 'ip-rule4.txt',
  'ip -6 -j rule': 'ip-rule6.txt',
  'ip -4 -j route show table all': 'ip-route4.txt',
  'ip -6 -j route show table all': 'ip-route6.txt',
  'ip -j neigh': 'ip-neigh.txt',
  'ss -lntup': 'sockets.txt',
  'conntrack -L': 'conntrack.txt',
  'ipset save': 'ipset.txt',
  'sysctl net': 'sysctl.txt',
  'iptables-legacy-save -c': 'iptables-legacy.rules',
  'ip6tables-legacy-save -c': 'ip6tables-legacy.rules',
  'iptables-nft-save -c': 'iptables-nft.rules',
  'ip6tables-nft-save -c': 'ip6tables-nft.rules',
}

/** Commands a person would type, each with its output; the trace last. Undefined where that is no text. */
export function transcript(kept: Kept): [command: string, output: string][] | undefined {
  const { files } = kept
  if (!files['trace.txt'] && !files['dmesg.log']) return undefined
  const isAsked = Object.keys(kept.asked).length > 0
  const collected = Object.entries(COLLECTED).flatMap(([command, name]) =>
    files[name] ? [[command, files[name]]] : [],
  )
  const asked: Asked = isAsked ? kept.asked : Object.fromEntries(collected)
  const taken = [
    ...[
      'ip addr',
      'ip rule',
      'ip route show table all',
      'ip -6 rule',
      'ip -6 route show table all',
      'ip neigh',
      'ss -tulpn',
    ],
    ...['conntrack -L', 'conntrack -L -f ipv6 -o extended', 'ipset list', 'sysctl net'],
  ]
  const rules = Object.keys(asked).filter((one) => /^ip6?tables-\w+-save\b/.test(one))
  const nft = isIptables(kept) && isOnNft(kept) ? [] : ['nft -a list ruleset']
  const others = isAsked ? [] : Object.keys(asked).filter((one) => !taken.includes(one) && !rules.includes(one))
  const outputs: Record<string, string | undefined> = { ...asked, 'nft -a list ruleset': files['ruleset.nft'] }
  const trace: [string, string][] = [
    ...(files['trace.txt'] ? [['nft -a monitor trace', files['trace.txt']] as [string, string]] : []),
    ...(files['dmesg.log'] ? [['dmesg', files['dmesg.log']] as [string, string]] : []),
  ]
  return [
    ...[...taken, ...others, ...rules, ...nft].flatMap((command): [string, string][] =>
      outputs[command] ? [[typed(command), outputs[command]]] : [],
    ),
    ...trace,
  ]
}

const ended = (text: string) => (text.endsWith('\n') || text === '' ? text : `${text}\n`)

type Style = (command: string, output: string) => string

export const STYLES: Readonly<Record<string, Style>> = {
  'root@gw:~# prompts': (command, output) => `root@gw:~# ${command}\n${ended(output)}`,
  '[root@gw ~]# prompts': (command, output) => `[root@gw ~]# ${command}\n${ended(output)}`,
  '$ sudo prompts': (command, output) => `$ sudo ${command}\n${ended(output)}`,
  '# prompts': (command, output) => `# ${command}\n${ended(output)}`,
  'user@gw:~$ sudo': (command, output) => `admin@gw:/etc/nftables$ sudo ${command}\n${ended(output)}`,
  'bare commands': (command, output) => `${command}\n${ended(output)}\n`,
  'nothing between': (_, output) => ended(output),
  'empty lines between': (_, output) => `${ended(output)}\n`,
  'Markdown fences': (command, output) => `\`${command}\`:\n\n\`\`\`\n${ended(output)}\`\`\`\n\n`,
  'Markdown fences with prompts': (command, output) =>
    `\`\`\`console\nroot@gw:~# ${command}\n${ended(output)}\`\`\`\n\n`,
  'prose and indented': (command, output) =>
    `Here is what ${command} says:\n\n${ended(output).replaceAll(/^(?=.)/gm, '    ')}\n`,
  'quoted mail': (command, output) => `> # ${command}\n${ended(output).replaceAll(/^/gm, '> ').replace(/> $/, '')}> \n`,
  'headings of head -v': (command, output) => `==> ${command} <==\n${ended(output)}\n`,
  '=== headings': (command, output) => `=== ${command} ===\n${ended(output)}\n`,
  '+ of set -x': (command, output) => `+ ${command}\n${ended(output)}`,
}

export const pasted = (style: Style, pieces: readonly [string, string][]): string =>
  pieces.map(([command, output]) => style(command, output)).join('')
