/** The manual page of all commands, in the macros of man(7), from what `--help` says. */
import type { Command } from 'commander'

/** Sections that no command's help has: heading → paragraphs. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'EXIT STATUS': [
    '0: done. 1: done, and a packet that was shown was dropped, rejected or vanished, or has a finding that is an error; or ' +
      'doctor found a problem. 2: it could not be done; standard error says why.',
  ],
  ENVIRONMENT: [
    'NO_COLOR: text without colour.',
    'NFWHY_CALLED_AS: how nfwhy is to call itself in the commands that it proposes.',
    'NFWHY_CLICKHOUSE_PASSWORD, NFWHY_NATS_PASSWORD: the password where the URL of a store has none, so that no list of processes shows it.',
  ],
  EXAMPLES: [
    'nfwhy explain dmesg.txt rules.v4',
    "nfwhy trace --for 30s 'tcp dst port 80'",
    "nfwhy simulate rules.v4 --packet 'in eth0 tcp 192.0.2.7 > 192.0.2.1:80 syn'",
  ],
  'SEE ALSO': ['iptables(8), nft(8), conntrack(8), tcpdump(8), pcap-filter(7)'],
}

/** In roff. `version`: of nfwhy. */
export function manPage(program: Command, version: string): string {
  const lines = [
    `.TH NFWHY 1 "" "nfwhy ${version}" "User Commands"`,
    '.SH NAME',
    `nfwhy \\- ${text('why did netfilter do that to my packet?')}`,
    '.SH SYNOPSIS',
    ...program.commands.flatMap((one) => ['.B nfwhy', `${text(`${one.name()} ${one.usage()}`)}`, '.br']),
    '.SH COMMANDS',
    ...program.commands.flatMap(commandLines),
    ...Object.entries(MORE).flatMap(([heading, paragraphs]) => [
      `.SH "${heading}"`,
      ...paragraphs.flatMap((one) => ['.PP', text(one)]),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(command: Command): string[] {
  const help = command.createHelp()
  const terms = [
    ...help.visibleArguments(command).map((one) => [help.argumentTerm(one), help.argumentDescription(one)] as const),
    ...help.visibleOptions(command).map((one) => [help.optionTerm(one), help.optionDescription(one)] as const),
  ]
  return [
    `.SS "nfwhy ${text(`${command.name()} ${command.usage()}`)}"`,
    ...command
      .description()
      .split('\n')
      .flatMap((paragraph) => ['.PP', text(paragraph.trim())]),
    ...terms.flatMap(([term, meaning]) => ['.TP', `.B ${text(term)}`, text(meaning.replaceAll('\n', ' '))]),
  ]
}

/** A backslash, a hyphen that is to be typed as it stands, and what would begin a request or end an argument. */
const text = (words: string): string =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replace(/^\./, '\\&.')
