/** Random shell scripts of the shapes that people write; each says all that it depends on. */
import type { Random } from '../generate/random.ts'

export function randomScript(random: Random): string {
  const lines = [
    random.pick(['#!/bin/sh', '#!/bin/bash', '# rules', '']),
    ...(random.chance(0.2) ? ['set -e'] : []),
    `IPT=${random.pick(['iptables', '"iptables"', '$(which iptables)', '`which iptables`', '$(command -v iptables 2>/dev/null)', '"iptables -w"'])}`,
    `NET='10.${random.int(0, 9)}.0.0/16'; PORTS="22 ${random.int(1, 999)}"`,
    'EMPTY=',
    'add() { $IPT -A "$@"; }',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
    'twice () {\n  for t in tcp udp; do $IPT -A $1 -p $t --dport $2 -j ${3:-ACCEPT}; done\n}',
    'log() { local chain=$1; shift; add $chain -j LOG --log-prefix "$*"; }',
    ...Array.from({ length: random.int(4, 12) }, () => statement(random, 2)),
  ]
  return `${lines.join('\n')}\n`
}

const chain = (random: Random): string => random.pick(['INPUT', 'FORWARD', 'web', 'web', '"$C"'.replace('"$C"', 'a-b')])

const rule = (random: Random): string =>
  random.pick([
    '-j ACCEPT',
    '-s $NET -j DROP',
    '-s "$NET" -i eth0 -j DROP # a comment',
    '-p tcp --dport 80 -m comment --comment \'it is "$NET"\' -j ACCEPT',
    '-p tcp \\\n  --dport 443 \\\n  -j ACCEPT',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
    '-p udp --dport "${PORT:-53}" -j REJECT',
    '-m mark --mark 0x1/0xff -j RETURN',
    '$EMPTY -p icmp $EMPTY -j ACCEPT',
    '-j web',
  ])

function statement(random: Random, depth: number): string {
  const simple = () =>
    random.weighted<() => string>([
      [8, () => `$IPT -A ${chain(random)} ${rule(random)}`],
      [2, () => `iptables -I ${chain(random)} ${random.pick(['', '1 ', '2 '])}${rule(random)}`],
      [2, () => `add ${chain(random)} ${rule(random)}`],
      [
        2,
        () =>
          `twice ${chain(random)} ${random.pick(['80', '443', '$((1+1))'.replace('$((1+1))', '8080')])} ${random.pick(['', 'DROP'])}`,
      ],
      [1, () => `log ${chain(random)} two "words: "`],
      [
        3,
        () =>
          `iptables -N ${random.pick(['web', 'a-b'])}${random.pick(['', ' 2>/dev/null', ' || true', ' 2>/dev/null || iptables -F web'])}`,
      ],
      [1, () => `iptables -D ${chain(random)} ${rule(random)} 2>/dev/null`],
      [1, () => `iptables -P FORWARD ${random.pick(['DROP', 'ACCEPT'])}; ip6tables -P INPUT DROP`],
      [1, () => `ip6tables -A INPUT -s 2001:db8::${random.int(1, 9)} -j ACCEPT`],
      [
        1,
        () => `iptables -t nat -A POSTROUTING -o eth0 -j ${random.pick(['MASQUERADE', 'SNAT --to-source 192.0.2.1'])}`,
      ],
      [1, () => `ipset create set${random.int(1, 2)} hash:net -exist && ipset add set1 "$NET" -exist`],
      [1, () => 'NET=192.168.0.0/24'],
      [1, () => `PORT=${random.int(1, 9)}`],
      [0.3, () => 'exit 0'],
      [
        1,
        () =>
          `iptables-restore -n <<'END'\n*filter\n:rest - [0:0]\n-A rest -s 192.0.2.${random.int(1, 9)} -m comment --comment "a \\"b\\"" -j DROP\nCOMMIT\nEND`,
      ],
      [
        1,
        () =>
          `ip6tables-restore --noflush <<END\n*filter\n-A FORWARD -d 2001:db8::/32 -p tcp --dport \${PORT:-1} -j DROP\nCOMMIT\nEND`,
      ],
    ])()
  if (depth === 0) return simple()
  const block = () => Array.from({ length: random.int(1, 3) }, () => statement(random, depth - 1)).join('\n')
  return random.weighted<() => string>([
    [12, simple],
    [2, () => `for p in $PORTS 8080; do\n  $IPT -A ${chain(random)} -p tcp --dport $p -j ACCEPT\ndone`],
    [1, () => `for c in INPUT web; do\n${block()}\ndone`],
    [1, () => `if [ "$NET" ${random.pick(['=', '!='])} 192.168.0.0/24 ]; then\n${block()}\nelse\n${block()}\nfi`],
    [1, () => `if iptables -C INPUT -j ACCEPT 2>/dev/null; then\n${block()}\nfi`],
    [1, () => `iptables -C web ${rule(random).replace(/#.*/, '')} 2>/dev/null || iptables -A web ${rule(random)}`],
    [1, () => `case $NET in 10.*) ${simple()}\n;; *)\n${block()}\n;; esac`],
    [1, () => `{ ${simple()}\n}`],
    [1, () => `( NET=172.16.0.0/12\n${block()}\n)`],
    [1, () => `[ -n "$EMPTY" ] && ${simple()}`],
    [1, () => `! [ -z "$EMPTY" ] || ${simple()}`],
    [1, () => `true && ${simple()}`],
    [1, () => `sh -c 'iptables -A INPUT -s 198.51.100.1 -j DROP; iptables -A FORWARD -j DROP'`],
  ])()
}
