/**
 * The C library's functions, called directly: what Node has no way to, netlink sockets and namespaces. koffi, which does
 * that, is an optional dependency and loaded when it is first needed.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { Unavailable } from './unavailable.ts'

/** Numbers that do not fit are bigint; memory is handed over as it is. */
export type CFunction = (...values: (number | bigint | string | Uint8Array | null)[]) => number | bigint

export interface Libc {
  /** A function by its C declaration: `int close(int fd)`. Throws Unavailable where the library has none of that name. */
  func(declaration: string): CFunction
  /** Where the memory begins. It stays there as long as its ArrayBuffer is held. */
  address(memory: Uint8Array): bigint
  /** Of the call just made by this thread. */
  errno(): number
}

/** glibc's, then musl's. */
const LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`, 'libc.so']
/** Structures of sockets are laid out alike there, in 64 bits and little endian. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

let loaded: Libc | undefined

/** Throws Unavailable. */
export function libc(): Libc {
  loaded ??= load()
  return loaded
}

/** Why it cannot be called from here; undefined: it can. */
export function whyNoLibc(): string | undefined {
  try {
    libc()
    return undefined
  } catch (error) {
    if (error instanceof Unavailable) return error.message
    throw error
  }
}

function load(): Libc {
  const { platform, arch } = process
  if (platform !== 'linux') throw new Unavailable('platform', `netlink exists only on Linux; this is ${platform}`)
  if (!ARCHITECTURES.includes(arch) || endianness() !== 'LE')
    throw new Unavailable(
      'platform',
      `nfwhy knows the kernel's structures for ${ARCHITECTURES.join(' and ')}, not for ${arch}`,
    )
  const koffi = loadKoffi()
  const library = openLibrary(koffi)
  return {
    func(declaration) {
      try {
        return library.func(declaration)
      } catch (error) {
        throw new Unavailable('libc', `the C library lacks a function: ${messageOf(error)}`)
      }
    },
    address: (memory) => BigInt(koffi.address(memory)),
    errno: () => koffi.errno(),
  }
}

function loadKoffi(): typeof import('koffi') {
  try {
    return createRequire(import.meta.url)('koffi')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    const why = missing ? 'the optional package koffi is not installed' : `koffi does not load: ${messageOf(error)}`
    throw new Unavailable('koffi', why)
  }
}

function openLibrary(koffi: typeof import('koffi')) {
  const problems: string[] = []
  for (const name of LIBRARIES)
    try {
      return koffi.load(name)
    } catch (error) {
      problems.push(messageOf(error))
    }
  throw new Unavailable('libc', `no C library was found: ${problems.join('; ')}`)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message.split('\n')[0]! : String(error))

/** `EBUSY`. */
export const errnoName = (errno: number): string => getSystemErrorName(-errno)
