/** A systemd unit that runs `nfwhy watch` with the options that it was given. */
import { realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { UserError } from '../model/user-error.ts'
import { PASSWORD_FROM as CLICKHOUSE_PASSWORD } from '../store/clickhouse/url.ts'
import { PASSWORD_FROM as NATS_PASSWORD } from '../store/nats/url.ts'
import type { WatchOptions } from './watch-options.ts'

/** What it needs, and what for. */
const CAPABILITIES = {
  CAP_BPF: 'to load the program that counts',
  CAP_PERFMON: 'to read the packets that are dropped',
  CAP_NET_ADMIN: 'to read the rules of nftables, conntrack and routes',
  CAP_NET_RAW: 'to read the rules of iptables-legacy',
  CAP_SYSLOG: "to know the names of the kernel's functions",
}

/** What a service cannot be told, and why. */
const REFUSED: readonly (readonly [option: keyof WatchOptions, why: string, hint?: string])[] = [
  ['page', '--page and --print-unit exclude each other: a service shows no page. Use --store, or --metrics.'],
  [
    'via',
    '--via and --print-unit exclude each other: a service watches the network namespace that it is started in.',
    'To watch another namespace, add NetworkNamespacePath=/run/netns/NAME to the section [Service] of the unit.',
  ],
  ['for', '--for and --print-unit exclude each other: a service runs until it is stopped.'],
  ['count', '--count and --print-unit exclude each other: a service runs until it is stopped.'],
  ['json', '--json and --print-unit exclude each other: a service runs until it is stopped. Use --ndjson, or --store.'],
]

/** Throws UserError. */
export function refuseInUnit(options: WatchOptions): void {
  for (const [option, why, hint] of REFUSED)
    if (options[option] !== undefined && options[option] !== false) throw new UserError(why, hint)
  const store = options.store ?? ''
  if (store.includes('://') && URL.canParse(store) && new URL(store).password !== '')
    throw new UserError(
      'Every user of this machine can read the unit: leave the password out of --store.',
      `Write ${store.startsWith('clickhouse') ? CLICKHOUSE_PASSWORD : NATS_PASSWORD}=… to /etc/nfwhy/watch.env (mode 0600), which the unit reads.`,
    )
}

/** The unit's text. `argv`: how this nfwhy was started. */
export function unitText(options: WatchOptions, argv: readonly string[] = process.argv): string {
  const [node = 'node', script = 'nfwhy'] = argv
  const words = [node, realpathSync(script), 'watch', options.ndjson ? '--ndjson' : '--plain', '--no-color']
  if (options.metrics !== undefined) words.push('--metrics', options.metrics)
  if (options.store !== undefined) words.push('--store', options.store)
  const folder = folderOf(options.store)
  const capabilities = Object.keys(CAPABILITIES).join(' ')
  return `${[
    '[Unit]',
    'Description=nfwhy watch: packets that the kernel drops, and why',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${words.map(word).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=10',
    'KillSignal=SIGINT',
    'MemoryMax=512M',
    '# a relative --store is below /var/lib/nfwhy',
    'StateDirectory=nfwhy',
    'StateDirectoryMode=0700',
    `WorkingDirectory=${STATE}`,
    ...written(folder),
    ...(options.store?.includes('://') ? ['# passwords for --store', 'EnvironmentFile=-/etc/nfwhy/watch.env'] : []),
    'UMask=0077',
    '',
    '# root, who alone may read which tables iptables-legacy has; but with no more rights than these:',
    ...Object.entries(CAPABILITIES).map(([name, why]) => `# ${name} ${why}`),
    `CapabilityBoundingSet=${capabilities}`,
    'NoNewPrivileges=yes',
    '',
    'ProtectSystem=strict',
    'ProtectHome=read-only',
    // what is stored there would be gone with the unit
    ...(isBelow('/tmp', folder) || isBelow('/var/tmp', folder) ? [] : ['PrivateTmp=yes']),
    'PrivateDevices=yes',
    '# in place of ProtectKernelTunables, which hides /proc/kallsyms, and with it where packets are dropped',
    'ReadOnlyPaths=/sys /proc/sys -/proc/sysrq-trigger -/proc/irq -/proc/fs -/proc/acpi',
    'ProtectKernelModules=yes',
    'ProtectControlGroups=yes',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_UNIX',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service bpf membarrier',
    'SystemCallErrorNumber=EPERM',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`
}

/** What may be written is below it. */
const STATE = '/var/lib/nfwhy'

/** Where a store writes on this host, or its spool. */
function folderOf(store: string | undefined): string {
  const [, kind, path] = /^(duckdb|parquet):(.+)$/s.exec(store ?? '') ?? []
  const spool = store?.includes('://') && URL.canParse(store) ? new URL(store).searchParams.get('spool') : undefined
  return resolve(STATE, (kind === 'duckdb' ? dirname(path!) : (path ?? spool)) || STATE)
}

const isBelow = (parent: string, folder: string): boolean => folder === parent || folder.startsWith(`${parent}/`)

/** What makes this folder, and lets nfwhy write there. */
function written(folder: string): string[] {
  if (folder === STATE) return []
  return [
    '# what --store writes: made if it is missing, and not read-only',
    `ExecStartPre=+mkdir -p -m 0700 ${word(folder)}`,
    // "-": a path that is missing would keep ExecStartPre, which makes it, from being started (systemd 252)
    ...(isBelow(STATE, folder) ? [] : [`ReadWritePaths=${pathWord(`-${folder}`)}`]),
  ]
}

/** As systemd reads a list of paths: as a command line, in which a dollar sign stands for nothing. */
const pathWord = (text: string): string => word(text).replaceAll('$$', '$')

/** As systemd reads a command line (systemd.service(5)): quoted where it has to be, and nothing in it stands for something else. */
function word(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$[\]-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
