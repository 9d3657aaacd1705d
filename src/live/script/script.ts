/**
 * Sections as one POSIX sh script. `framed`: everything on standard output, for FrameReader at the other end. `folder`: for
 * a host without nfwhy, the script makes a bundle in the current directory and packs it.
 */
import { COLLECTED } from '../../read/host/collected.ts'
import { PRELUDE } from './prelude.ts'
import { ABOUT, ABSENT, NOTES, REFUSED, type Section } from './section.ts'

export type Form =
  /** `nonce`: letters and digits that nobody can guess, so that no comment of a rule passes for a frame. */
  { form: 'framed'; nonce: string } | { form: 'folder'; version: string }

/** The text for `sh -s` (framed), or for a file (folder). Runs as a whole or not at all, however it is cut. */
export function sectionScript(sections: readonly Section[], how: Form): string {
  const bodies = sections.map(({ sh }, i) => `section_${i}() {\n${sh}\n}`).join('\n')
  const calls = sections.map(({ id, file, what }, i) => `section ${i} ${id} ${file} ${quoted(what)}`).join('\n')
  const main = how.form === 'framed' ? framed(how.nonce, calls) : folder(how.version, calls)
  const parts = ['nfwhy_collect() {', PRELUDE.trim(), bodies, main, '}', 'nfwhy_collect </dev/null', 'exit $?', '']
  return how.form === 'framed' ? parts.join('\n') : `${INTRODUCTION}${parts.join('\n')}`
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** The frames: a mark stands at the beginning of a line, and the line break before it is the mark's. */
function framed(nonce: string, calls: string): string {
  if (!/^\w{8,}$/.test(nonce)) throw new Error(`not a nonce: ${nonce}`)
  return `section() {
  printf '\\n%s begin %s %s\\n' ${nonce} "$2" "$3" || exit 1
  told=$( { section_$1; } 2>&1 1>&3 3>&- )
  status=$?
  printf '\\n%s end %s\\n%s\\n%s over\\n' ${nonce} "$status" "$told" ${nonce} || exit 1
} 3>&1
section about ${ABOUT} ${NOTES}
${calls}
printf '\\n%s done\\n' ${nonce}`
}

const INTRODUCTION = `#!/bin/sh
# Gathers what nfwhy reads of this machine's netfilter: rules, sets, addresses, routes, sockets, connections, settings.
# It only looks: it makes no table, loads no module, sets nothing. As root it sees most. It makes a folder
# nfwhy-HOST-DATE in the current directory and packs it: nfwhy-HOST-DATE.tgz. Look into it before you give it away.
`

/**
 * What a command prints goes through cat, since many do not notice that the disk is full and cat does. `SAYS` marks our
 * own words among what the command complained of.
 */
const folder = (version: string, calls: string) => `SAYS=nfwhy-collect-$$-says
# nothing that is there already is written over, nor written through a link that somebody has laid
set -C
host=$(uname -n 2>/dev/null | tr -c 'A-Za-z0-9._\\n-' _)
name=nfwhy-\${host:-host}-$(date -u +%Y%m%d-%H%M%SZ)
made= packing=
# takes away what was made here, and nothing else
fail() {
  printf '%s\\n' "$*" >&2
  [ -z "$packing" ] || rm -f "../$name.tgz"
  if [ -n "$made" ]; then
    rm -f ./* ./.note
    rmdir "../$name" 2>/dev/null
  fi
  exit 1
}
trap 'fail "stopped; nothing is left behind"' HUP INT TERM
mkdir "./$name" 2>/dev/null || fail "cannot make a folder here ($(pwd)): it is not writable, the disk is full, or there is a $name already"
# from inside of it: others may write to the folder around it, and put something else in its place
cd "./$name" && [ -z "$(ls -A .)" ] || fail "somebody else writes to this folder: $(pwd)"
made=1
list=./${NOTES}
told_line() { printf '%s\\n' "$*" | cat >>"$list" || fail "the disk is full; nothing is left behind"; }
told_line ${quoted(COLLECTED)}
told_line "version ${version}"
told_line "$(section_about)"
notes=
section() {
  case $3 in ${NOTES}) file=./.note ;; *) file=./$3 ;; esac
  told=$( { { ( section_$1 ); printf '%s status %s\\n' $SAYS "$?" >&2; } | cat >"$file" || printf '%s unwritten\\n' $SAYS >&2; } 2>&1 )
  case $told in *"$SAYS unwritten"*) fail "the disk is full; nothing is left behind" ;; esac
  status=$(printf '%s\\n' "$told" | sed -n "s/^$SAYS status //p")
  told=$(printf '%s\\n' "$told" | grep -v -e "^$SAYS " -e "^# Warning: " | head -n 20 | tr '\\n' ' ')
  size=$(wc -c <"$file" | tr -d ' ')
  case $status in
    0) case $size/$told in
      0/) word=empty ;;
      0/*) word=missing ;;
      */*cut:*) word=cut ;;
      *) word=collected ;;
    esac ;;
    ${ABSENT}) word=missing ;;
    ${REFUSED}) word=refused ;;
    *) word=failed ;;
  esac
  case $3 in
    ${NOTES})
      [ "$size" = 0 ] || notes="$notes$NEWLINE== $4 ==$NEWLINE$(head -c 20000 "$file" | sed 's/^/  /')"
      rm -f "$file" ;;
    *)
      [ "$size" != 0 ] || rm -f "$file"
      told_line "$word $3 $size \${status:--} $4\${told:+: $told}"
      printf '%-10s %s\\n' "$word" "$4\${told:+: $told}" >&2 ;;
  esac
}
${calls}
told_line "$notes"
have tar && have gzip || { printf '%s\\n' "$name"; exit 0; }
archive=../$name.tgz
if [ -e "$archive" ] || [ -L "$archive" ]; then
  printf '%s\\n' "$name.tgz is there already, and stays as it is. The folder is whole: $name" >&2
  exit 1
fi
whole_archive() { [ "$(gzip -dc "$archive" | tar tf - | wc -l)" -gt "$(ls . | wc -l)" ]; }
own_archive() { [ -f "$archive" ] && [ ! -L "$archive" ] && packing=1; }
if { { own_archive && (cd -P .. && tar cf - "$name") | gzip; } >"$archive" && whole_archive; } 2>/dev/null; then
  printf '%s\\n' "$name.tgz"
else
  [ -z "$packing" ] || rm -f "$archive"
  printf '%s\\n' "it could not be packed: is the disk full? The folder is whole: $name" >&2
  exit 1
fi`
