/** The command that printed what follows, as a prompt, a heading or a sentence names it. */

/** Of all commands only those that print what nfwhy reads. */
const LISTINGS =
  '(?:\\S{0,20}/)?(?:ip6?tables(?:-legacy|-nft)?-save(?: -\\S{1,20}(?: \\w{1,12})?){0,3}' +
  '|ip6?tables(?:-legacy|-nft)?(?: --?[\\w-]{1,20}| (?:raw|mangle|nat|filter|security)| [A-Z][\\w-]{0,40}){0,6} (?:-[a-zA-Z]{0,6}[LS][a-zA-Z]{0,6}|--list(?:-rules)?)\\b[^"\'`*]{0,60}' +
  '|nft(?: -{1,2}\\w{1,12}){0,4} (?:list|monitor) [\\w -]{1,60}' +
  '|ip(?: -\\S{1,10}){0,3} (?:r|ro|route|ru|rule|a|ad|addr|address|l|link|n|neigh)\\b(?: [^"\'`*]{0,60})?' +
  '|ss(?: -\\w{1,12}){1,3}\\b|conntrack -[LES]\\b[^"\'`*]{0,60}|ipset (?:list|save|-L|-S)\\b(?: [\\w.-]{1,40})?' +
  '|xtables-monitor(?: -\\S{1,12}){0,3}|sysctl [^"\'`*]{1,80}|dmesg\\b[^"\'`*]{0,60}|journalctl\\b[^"\'`*]{0,60})'
/** Every one of LISTINGS has it: most lines have not, and need no longer look. */
const NAMED = /ip6?tables|xtables-monitor|nft |ip |ss -|conntrack -|ipset |sysctl |dmesg|journalctl/
/** What runs it with other rights, or elsewhere. */
const SUDO =
  '(?:sudo(?: -\\S{1,12}){0,2} )?(?:(?:nsenter|ip netns exec|(?:docker|podman|lxc) exec|kubectl|ssh|unshare)\\b[^"\'|;]{0,80}? )?'
/** `user@host:`, also where somebody has taken out the host's name, or both: `root@:`, `root@<host>:`, `***@***:`. */
const WHO = '\\[?[\\w.-]{1,40}@(?:[\\w.-]{1,60}|<[\\w .-]{1,40}>|(?=:))|\\*{2,8}@\\*{2,8}(?=[: ])'
/** `user@host:~$ `, `[user@host ~]# `, `~ # `, `host% `, and those of shells that draw. */
const PROMPT =
  `(?:(?:${WHO})[^#$%>]{0,60}[#$%>]|[~/][\\w/~.-]{0,40} ?[#$%]|[\\w.-]{1,20}[$%>]|\\$|%` +
  '|[└╰][─━]{1,4}[#$%❯➤>]|[❯➜λ»](?=\\s)(?: {1,3}[~/][\\w/.-]{0,40}(?= ))?)'
const PROMPTED = new RegExp(`^\\s{0,8}${PROMPT}[ \\t]{0,4}(\\S.{0,200})$`)
/** A bare `#` begins comments too. */
const ROOT = new RegExp(`^\\s{0,8}#{1,6}[ \\t]{0,4}${SUDO}(${LISTINGS})\\s*:?$`)
/** With its options: no comment reads so. */
const TYPED =
  /^\s{0,8}#[ \t]{1,4}((?:sudo )?(?:ip6?tables(?:-\w+)? -|nft (?:-\w+ )?(?:add|insert|delete|replace|create|flush|list|monitor) |ipset (?:add|create|list|save)|conntrack -|sysctl -|ss -|ip6?tables(?:-legacy|-nft)?-save(?: -\S{1,20}){0,3} ?\||ip (?:-\S+ )?(?:rule|route|addr|link|netns|neigh) (?:add|del|replace|get|show) )\S.*)$/
/** `gw# iptables-save`: a name alone in front, for commands that print what nfwhy reads. */
const NAMELESS = new RegExp(`^\\s{0,8}[\\w.-]{1,40}# {0,2}${SUDO}(${LISTINGS})\\s*$`)
const ALONE = new RegExp(`^\\s{0,8}(?:\\+ )?${SUDO}(${LISTINGS})\\s*:?$`)
/** `Output of "ip rule show"`, `**iptables -L -n**:`, `a) iptables-save`. */
const HEADING = new RegExp(`^(?![-:\\[{]\\S)[^"\`*={}]{0,120}?["\`*]{1,3}${SUDO}(${LISTINGS})["\`*]{1,3}.{0,40}$`)
const LISTED = new RegExp(`^\\s{0,8}(?:[\\w]{1,3}[).:]|[-*+]|\\w[\\w ]{0,40}:) ${SUDO}(${LISTINGS})\\s*:?$`)

/** `==> ip rule <==`, `=== ip rule ===`, `--- ip rule`: what stands in the line that is drawn. */
const DRAWN =
  /^\s{0,8}(?:={2,60}>?|-{2,60}>?|\*{2,60}|~{2,60}|\+{2,60}|>{2,60})\s{0,4}(\S.{0,100}?)\s{0,4}(?:[<=*~+>-]{2,80})?$/

/** What script(1) writes above and below a session. */
const SCRIPT = /^Script (?:started|done) on \d/

/** The upper of a prompt's two lines. */
const DRAWN_ABOVE = /^\s{0,8}[┌╭][─━]{1,4}[^─━].{0,120}$/

/** `root@gw:~# ` with nothing typed, what broke the command off, or where a session ends. */
export const isEmptyPrompt = (line: string): boolean =>
  SCRIPT.test(line) ||
  DRAWN_ABOVE.test(line) ||
  (/^\s{0,8}(?:\^C)?(?:\[?[\w.-]{1,40}@[\w.-]{1,60}[^#$%>]{0,60}[#$%>])?\s{0,8}$/.test(line) && line.trim() !== '')

/** Undefined where the line names none. What stands behind a prompt is one, whatever it is. */
export function commandIn(line: string): string | undefined {
  if (line.length > 300) return undefined
  const prompted = PROMPTED.exec(line)?.[1]
  const typed = prompted ?? TYPED.exec(line)?.[1]
  if (typed !== undefined) return typed.replace(/^sudo (?:-\S{1,12} )?/, '').trim()
  if (!NAMED.test(line)) return undefined
  const drawn = DRAWN.exec(line)?.[1]
  for (const form of [ROOT, NAMELESS, ALONE, LISTED, HEADING]) {
    const found = form.exec(line)?.[1] ?? (drawn === undefined || form !== ALONE ? undefined : form.exec(drawn)?.[1])
    if (found !== undefined) return found.trim()
  }
  return undefined
}

/** It prints one packet's route, which looks like a table's. */
export const asksOneRoute = (command: string): boolean =>
  /^(?:\S*\/)?ip(?: -\S+)* (?:r|ro|route) g(?:et)?\b/.test(command)

/** What it prints is there no more: `conntrack -D`. */
export const deletesConnections = (command: string): boolean =>
  /^(?:\S*\/)?conntrack\b.* (?:-D|--delete)\b/.test(command)

/** `ip route show table 100`: the listing itself does not name the table. */
export const tableAsked = (command: string): string | undefined => {
  const table = /^(?:\S*\/)?ip(?: -\S+)* (?:r|ro|route)\b.*\st(?:able)? (\w[\w.-]*)\s*$/.exec(command)?.[1]
  return table === 'all' ? undefined : table
}

/** iptables -L and -S do not name their table; their reader takes it from the command. */
export const isIptables = (command: string): boolean => /^(?:\S*\/)?ip6?tables/.test(command)

/** `nft list table ip nat`, `nft list chain …`: not all tables, and JSON has no place to say so. */
export const listsPart = (command: string): boolean =>
  /^(?:\S*\/)?nft(?: (?!-{1,2}j)-{1,2}\w+)* list (?!ruleset\s*$)/.test(command)

/** Only some of what the command prints: `ss -lnt | grep nginx`. What chose, and for sockets also ss's own filter. */
export const filterOf = (command: string): string | undefined =>
  /\|\s{0,4}((?:[ef]?grep|rg|awk|sed|head|tail|cut)\b.{0,100})$/.exec(command)?.[1] ??
  /^(?:\S*\/)?ss\b.*?\s((?:'?\(|[sd]port\b|src\b|dst\b).*)$/.exec(command)?.[1]
