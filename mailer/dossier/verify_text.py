r"""VERIFY.txt: how to check a case file with none of our software. It is prose and, as it stands, a script for bash.

It must come to the same verdict as `mailer.record.package_check` on every input.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailer.dossier.entry import FileEntry
from mailer.dossier.model import CaseFile
from mailer.dossier.verify_about import ABOUT

PATH = "VERIFY.txt"


def entries(_: CaseFile) -> Iterator[FileEntry]:
    """Yield the one file: the same for every case."""
    yield FileEntry(path=PATH, content=TEXT.encode())


TEXT = (
    ABOUT
    + r"""set -euo pipefail
export LC_ALL=C
A=data/audit; T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
fail(){ echo "FAILED: $*"; exit 1; }
hex(){ od -An -v -tx1 | tr -d ' \n'; }
bin(){ printf "$(sed 's/../\\x&/g' <<<"$1")"; }
h(){ openssl dgst -sha256 -binary; }

# The time stamps against the certificates of whoever stamped (RFC 3161), each at its own time.
if [ $# -eq 2 ] && [ "$1" = stamps ]; then
  for f in $A/anchors/*.tsr; do
    [ -f "$f" ] || fail "there are no time stamps"
    t=$(openssl ts -reply -in "$f" -text 2>"$T/out" | sed -n 's/^Time stamp: //p') || fail "$f is no time stamp"
    s=$(date -d "$t" +%s 2>"$T/out") && [ -n "$t" ] || fail "$f has no time"
    openssl ts -verify -in "$f" -data "${f%.tsr}.checkpoint" -CAfile "$2" -untrusted "$2" -attime "$s" >"$T/out" 2>&1 ||
      fail "$f was not signed by whom you trust, or is not over its head"
    echo "$f $t"
  done; exit
fi

# Every file read below ends in a line feed and has no control characters.
text(){ [ -s "$1" ] && [ "$(tail -c1 "$1" | hex)" = 0a ] && [ "$(tr -d "$2" <"$1" | wc -c)" -eq 0 ] || fail "$1"; }
pem(){ echo '-----BEGIN PUBLIC KEY-----'; bin "302a300506032b6570032100$1" | base64 -w0; echo
  echo '-----END PUBLIC KEY-----'; }
signed(){ openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$T/body" -sigfile "$T/sig" >"$T/out" 2>&1; }

# The cosignatures of witnesses (https://c2sp.org/tlog-cosignature): keys reads their keys, cosigned checks a head's
# lines by them and puts whose and when into FOUND. A line by another key fails, or is left out for $2 = some.
declare -A WK; NAME='[!-*,-~]{1,200}' FOUND=
keys(){ text "$1" '\n -~'; [ "$(wc -c <"$1")" -le 131072 ] || fail "$1"; local x k
  while IFS= read -r x; do
    [[ $x =~ ^($NAME)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$ ]] || fail "$1: no key of a witness"
    set -- "$1" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"; k=$(base64 -d <<<"${BASH_REMATCH[3]}" | hex)
    [ "${k:0:2}" = 04 ] && [ "$({ printf '%s\n' "$2"; bin "$k"; } | sha256sum | cut -c1-8)" = "$3" ] || fail "$1: $2"
    WK["$2 $3"]=${k:2}
  done <"$1"; }
cosigned(){ text "$1" '\n -~\342\200\224'; local C x k g t y; mapfile -t C <"$1"
  [ -z "${C[3]:-}" ] && ((${#C[@]}>4 && ${#C[@]}<=20)) && [[ ${C[0]} =~ ^[A-Za-z0-9._/-]{1,200}$ ]] &&
    [[ ${C[1]} =~ ^[1-9][0-9]{0,17}$ && ${C[2]} =~ ^[A-Za-z0-9+/]{43}=$ ]] || fail "$1 is no head"
  for x in "${C[@]:4}"; do
    [[ $x =~ ^$'\342\200\224'\ ($NAME)\ ([A-Za-z0-9+/]{102}==)$ ]] || fail "$1: no cosignature"
    y=${BASH_REMATCH[1]} k=${BASH_REMATCH[2]}
    [ "$(base64 -d <<<"$k" | base64 -w0)" = "$k" ] || fail "$1: base64 that is not canonical"
    g=$(base64 -d <<<"$k" | hex); k=${WK["$y ${g:0:8}"]:-}
    if [ -z "$k" ]; then [ "$2" = some ] || fail "$1: a line by a key that is not known"; continue; fi
    t=$((16#${g:8:16})); ((t>=0 && t<=253402300799)) || fail "$1: a time"
    { printf 'cosignature/v1\ntime %d\n' $t; printf '%s\n' "${C[@]:0:3}"; } >"$T/body"
    bin "${g:24}" >"$T/sig"; pem "$k" >"$T/pem"; signed "$T/pem" || fail "$1: the cosignature of $y"
    FOUND+="$1 $(date -u -d "@$t" '+%F %T UTC') $y"$'\n'
  done; }
if [ $# -eq 2 ] && [ "$1" = witnesses ]; then
  keys "$2"
  for f in $A/anchors/*.cosigned; do
    [ -f "$f" ] || fail "there are no cosigned heads"
    cosigned "$f" some
  done
  [ -n "$FOUND" ] || fail "no head is cosigned with these keys"; printf %s "$FOUND"; exit
fi

# One entry against one proof (https://c2sp.org/tlog-proof, RFC 9162 2.1.3.2).
if [ $# -eq 2 ]; then
  mapfile -t P <"$2"; [ "${P[0]}" = c2sp.org/tlog-proof@v1 ] || fail "no proof"
  i=${P[1]#index }; n=
  for ((j=2;j<${#P[@]};j++)); do [ -n "${P[j]}" ] || break; done
  n=${P[j+2]}; s=$((n-1)); f=$i; [ "$i" -lt "$n" ] || fail "no such entry"
  r=$({ printf '\0'; cat "$1"; } | h | hex)
  for ((k=2;k<j;k++)); do
    [ "$(base64 -d <<<"${P[k]}" | base64 -w0)" = "${P[k]}" ] || fail "base64 that is not canonical"
    q=$(base64 -d <<<"${P[k]}" | hex); [ $s -ne 0 ] || fail "too long"
    if ((f&1)) || [ $f -eq $s ]; then r=$({ printf '\1'; bin "$q$r"; } | h | hex)
      while ((f && !(f&1))); do f=$((f>>1)) s=$((s>>1)); done
    else r=$({ printf '\1'; bin "$r$q"; } | h | hex); fi
    f=$((f>>1)) s=$((s>>1))
  done
  [ $s -eq 0 ] && [ "$(bin "$r" | base64 -w0)" = "${P[j+3]}" ] || fail "entry $i is not in this tree"
  echo "entry $i is in the tree of $n entries; its head is signed if bash VERIFY.txt says so"; exit
fi

# 1 The files: nothing changed, lost or added; no name that could mislead the commands below.
[ -z "$(find . \( ! -type f ! -type d \) -o -name '*[\\[:cntrl:]]*')" ] || fail "a link, or a name with odd characters"
printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt || fail "bagit.txt"
sums(){ sort -z | sed -z 's,^\./,,' | xargs -0 -r sha256sum --; }
find ./data -type f -print0 | sums | cmp -s - manifest-sha256.txt || fail "manifest-sha256.txt"
find . -path ./data -prune -o -type f ! -path ./tagmanifest-sha256.txt -print0 | sums |
  cmp -s - tagmanifest-sha256.txt || fail "tagmanifest-sha256.txt"
n=$(find data -type f | wc -l); b=$(find data -type f -exec cat {} + | wc -c)
grep -aqxF "Payload-Oxum: $((b)).$((n))" bag-info.txt || fail "the number of files or bytes in bag-info.txt"

text $A/log.vkey '\n -~'; text $A/entries.ndjson '\n -~'; text $A/events.ndjson '\n -\377'
text $A/checkpoint '\n -~\342\200\224'; text messages_not_retained.txt '\n\t -\377'

# 2 The key: its name, its id, and the form that OpenSSL reads.
mapfile -t V <$A/log.vkey; [ ${#V[@]} -eq 1 ] || fail "log.vkey"
[[ ${V[0]} =~ ^([A-Za-z0-9._/-]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$ ]] || fail "log.vkey"
O=${BASH_REMATCH[1]} I=${BASH_REMATCH[2]} K=$(base64 -d <<<"${BASH_REMATCH[3]}" | hex)
[ "${K:0:2}" = 01 ] && [ "$({ printf '%s\n' "$O"; bin "$K"; } | sha256sum | cut -c1-8)" = "$I" ] || fail "log.vkey"
pem "${K:2}" | cmp -s - $A/log.pub.pem || fail "log.pub.pem"

# 3 The head: signed by that key (https://c2sp.org/tlog-checkpoint).
mapfile -t C <$A/checkpoint; [ ${#C[@]} -eq 5 ] && [ "${C[0]}" = "$O" ] && [ -z "${C[3]}" ] || fail "checkpoint"
[[ ${C[1]} =~ ^[1-9][0-9]{0,17}$ && ${C[2]} =~ ^[A-Za-z0-9+/]{43}=$ ]] || fail "checkpoint"
S=${C[4]#$'\342\200\224'" $O "}; [[ $S =~ ^[A-Za-z0-9+/]{91}=$ ]] || fail "checkpoint"
[ "$(base64 -d <<<"$S" | base64 -w0)" = "$S" ] || fail "base64 that is not canonical"
G=$(base64 -d <<<"$S" | hex); [ "${G:0:8}" = "$I" ] || fail "signed with another key"
printf '%s\n' "${C[@]:0:3}" >"$T/body"; bin "${G:8}" >"$T/sig"
signed $A/log.pub.pem || fail "the signature of the checkpoint"

# 4 The entries: hashed pair by pair up to the root (RFC 6962). hash N puts the sums of files 0 to N-1 into Q, as \x..
hash(){ mapfile -t Q < <(cd "$T" && seq 0 $(($1-1)) | xargs sha256sum | cut -c1-64 | sed 's/../\\x&/g'); }
mapfile -t L <$A/entries.ndjson; N=${#L[@]}; [ "$N" = "${C[1]}" ] || fail "$N entries, ${C[1]} were signed"
for ((i=0;i<N;i++)); do printf '\0%s' "${L[i]}" >"$T/$i"; done
hash "$N"; X=("${Q[@]}"); F=(0); W=("$N")
for ((k=0;W[k]>1;k++)); do
  o=${F[k]} n=${W[k]} p=$((W[k]/2))
  for ((j=0;j<p;j++)); do printf '%b' "\\x01${X[o+2*j]}${X[o+2*j+1]}" >"$T/$j"; done
  hash $p; if ((n%2)); then Q+=("${X[o+n-1]}"); fi
  X+=("${Q[@]}"); F+=($((o+n))); W+=(${#Q[@]})
done
D=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
b64(){ local x=${1//\\x/} i v; R=; for ((i=0;i<63;i+=3)); do v=$((16#${x:i:3})); R+=${D:v>>6:1}${D:v&63:1}; done
  v=$((16#${x:63}<<2)); R+=${D:v:1}=; }
b64 "${X[F[k]]}"; [ "$R" = "${C[2]}" ] || fail "the entries are not those that were signed"
w='[A-Za-z0-9_.:@/-]{1,120}' z='0|[1-9][0-9]{0,17}'
E="^\\{\"actor\":\"$w\",\"case_seq\":($z),\"case_tag\":\"([0-9a-f]{32}|)\",\"commit\":\"([0-9a-f]{64})\",\"prev_case\":\""
E+="([0-9a-f]{64}|)\",\"seq\":($z),\"ts\":\"[0-9TZ:.-]{27}\",\"type\":\"($w)\",\"v\":1\\}\$"
declare -A TS TH LAST HEIR MINE; M=() G=() Y=()
for ((i=0;i<N;i++)); do
  [[ ${L[i]} =~ $E ]] || fail "line $((i+1)) is no entry"
  s=${BASH_REMATCH[1]} t=${BASH_REMATCH[2]} p=${BASH_REMATCH[4]}
  M[i]=${BASH_REMATCH[3]} G[i]=$t Y[i]=${BASH_REMATCH[6]}
  [ "${BASH_REMATCH[5]}" = $i ] || fail "line $((i+1)) is another entry"
  if [ -z "$t" ]; then [ "$s$p" = 0 ] || fail "line $((i+1)): chain"; continue; fi
  if [ -n "$p" ] && [ "${TS[$t]:-0}" = 0 ]; then # the first of its tag follows the last of another, whose key was lost
    u=${LAST[$p]:-}; if [ -n "$u" ] && [ "${TH[$u]}" = "$p" ]; then HEIR[$t]=$u TH[$t]=$p; fi
  fi
  [ "$s" = $((${TS[$t]:-0}+1)) ] && [ "$p" = "${TH[$t]:-}" ] || fail "line $((i+1)): the chain of its case"
  TS[$t]=$s TH[$t]=${X[i]//\\x/}; LAST[${TH[$t]}]=$t
done

# 5 The events of this case: salt, row and words hash to the commitment of their entry.
mapfile -t B <$A/events.ndjson; n=0; H=() U=() J=() c=() p=() a=(); last=-1
for line in "${B[@]}"; do
  if [[ $line =~ ^\{\"seq\":($z),\"(erased|withheld)\":true\}$ ]]; then s=${BASH_REMATCH[1]} salt=
  elif [[ $line =~ ^\{\"seq\":($z),\"salt\":\"([0-9a-f]{32}|[0-9a-f]{64})\",(.*)\}$ ]]; then
    s=${BASH_REMATCH[1]} salt=${BASH_REMATCH[2]} x=,${BASH_REMATCH[3]}
    y=${x%%,\"payload\":*}; [ "$y" != "$x" ] || fail "events.ndjson: entry $s"
    v=${x:${#y}+11}; [[ $v == '{'*'}' ]] || fail "events.ndjson: entry $s"
    c[n]=${y#,\"committed\":} p[n]=$v
    if [ ${#salt} -eq 64 ]; then [[ $y == ,\"committed\":* ]]; else [ -z "$y" ]; fi ||
      fail "events.ndjson: entry $s"
  else fail "events.ndjson: a line that is no event"; fi
  ((s>last && s<N)) || fail "events.ndjson: entry $s"; last=$s; H+=("$s"); U[s]=1
  if [ -n "$salt" ]; then J[n]=$s; a[n]=$salt; n=$((n+1)); fi
  if [ -n "${G[s]}" ]; then MINE[${G[s]}]=1; fi
done
if ((n)); then
  mapfile -t a < <(printf '%s\n' "${a[@]}" | sed 's/../\\x&/g')
  for ((j=0;j<n;j++)); do printf %s "${p[j]}" >"$T/$j"; done; hash $n; y=("${Q[@]}")
  for ((j=0;j<n;j++)); do
    if [ ${#a[j]} -eq 64 ]; then continue; fi
    [[ ${c[j]} == *,\"payload_sha256\":\"${y[j]//\\x/}\",* ]] || fail "the words of entry ${J[j]}"
  done
  for ((j=0;j<n;j++)); do printf %s "${c[j]}" >"$T/$j"; done; hash $n
  for ((j=0;j<n;j++)); do
    if [ ${#a[j]} -eq 64 ]; then { printf %b "${a[j]}"; printf %s "${p[j]}"; } >"$T/$j"; # before there was a log
    else printf %b "duly/commit/v1\\x00${a[j]}${Q[j]}" >"$T/$j"; fi
  done; hash $n
  for ((j=0;j<n;j++)); do [ "${Q[j]//\\x/}" = "${M[J[j]]}" ] || fail "the event of entry ${J[j]}"; P[J[j]]=${p[j]}; done
fi
for ((i=0;i<N;i++)); do
  t=${G[i]}; if [ -z "$t" ] || [ -z "${MINE[$t]:-}" ] || [ -n "${U[i]:-}" ]; then continue; fi
  fail "entry $i of this case is left out"
done
for t in "${!HEIR[@]}"; do
  u=${HEIR[$t]}; [ "${MINE[$t]:-}" = "${MINE[$u]:-}" ] || fail "of the tags $u and $t of this case one is left out"
done

# 6 The proofs: those that follow from the entries, byte for byte (so their base64 is canonical).
IFS= read -r -d '' head <$A/checkpoint || true
[ "$(cat $A/proofs/* | tr -d '\n -~\342\200\224' | wc -c)" -eq 0 ] || fail "a proof"
[ "$(find $A/proofs -type f | wc -l)" -eq ${#H[@]} ] || fail "the number of proofs"
Z=()
for s in "${H[@]}"; do
  t=c2sp.org/tlog-proof@v1$'\n'"index $s"$'\n'
  for ((k=0,i=s;W[k]>1;k++,i>>=1)); do
    x=$((F[k]+(i^1))); if (((i^1)>=W[k])); then continue; fi
    if [ -z "${Z[x]:-}" ]; then b64 "${X[x]}"; Z[x]=$R; fi; t+=${Z[x]}$'\n'
  done
  printf -v f '%s/proofs/%06d.tlog-proof' $A "$s"; [ -f "$f" ] || fail "$f"
  IFS= read -r -d '' got <"$f" || true; [ "$got" = "$t"$'\n'"$head" ] || fail "$f"
done

# 7 The mails: number k is the one that the k-th event of a mail names.
declare -A SUM
while IFS= read -r x; do
  if [[ ${x:66} == data/eml/* || ${x:66} == $A/dkim/* ]]; then SUM[${x:66}]=${x:0:64}; fi
done <manifest-sha256.txt
k=0 e=0
for s in "${H[@]}"; do
  case ${Y[s]} in mail.fetched|mail.sent_by_hand|reminder.queued) ;; *) continue;; esac
  k=$((k+1)); printf -v f 'DULY%06d' $k; x=${SUM[data/eml/$f.eml]:-}
  if [ -z "$x" ]; then grep -aq "^$f"$'\t' messages_not_retained.txt || fail "mail $f is missing"; continue; fi
  e=$((e+1)); y="*[{,]\"sha256\":\"$x\"[,}]*"
  [[ ${P[s]:-} == $y ]] || fail "mail $f is not the one that entry $s names"
done
[ "$(find data -path 'data/eml/*' -type f | wc -l)" -eq $e ] || fail "a mail that no event names"

# 8 The texts about the mails' signatures (DKIM): each is the one that its event names.
k=0
for s in "${H[@]}"; do
  if [ "${Y[s]}" != mail.authenticated ] || [ -z "${P[s]:-}" ]; then continue; fi
  k=$((k+1)); printf -v f '%s/dkim/%06d.txt' $A "$s"; x=${SUM[$f]:-}; [ -n "$x" ] || fail "$f is missing"
  y="*[{,]\"sha256\":\"$x\"[,}]*"; [[ ${P[s]} == $y ]] || fail "$f is not the one that entry $s names"
done
[ "$(find data -path "$A/dkim/*" -type f | wc -l)" -eq $k ] || fail "a text about signatures that no event names"

# 9 The time stamps: each names its head (SHA-256), and that is the head of the first entries. Not whose they are.
# The cosigned heads: the same, and every line by a key in witnesses.txt. Not whose the keys are.
is_head(){ # a file with a head, its size
  local C r= k; mapfile -t C <"$1"
  for ((k=0;$2>>k;k++)); do
    if ((($2>>k)&1)); then x=${X[F[k]+($2>>k)-1]}
      if [ -n "$r" ]; then r=$(printf '%b' "\\x01$x$r" | h | hex | sed 's/../\\x&/g'); else r=$x; fi; fi
  done
  b64 "$r"; [ "${C[1]:-}" = "$2" ] && [ "${C[2]:-}" = "$R" ] || fail "$1 is no head of these entries"; }
if [ -f $A/anchors/witnesses.txt ]; then keys $A/anchors/witnesses.txt; fi
declare -A AT
while IFS= read -r f; do
  case $f in $A/anchors/commands.txt|$A/anchors/tsa-ca.pem|$A/anchors/witnesses.txt) continue;; esac
  [[ ${f#$A/anchors/} =~ ^([1-9][0-9]{0,17})\.(tsr|checkpoint|cosigned)$ ]] || fail "$f is no time stamp"
  n=${BASH_REMATCH[1]}; ((n<=N)) || fail "$f: there are $N entries"
  if [ "${BASH_REMATCH[2]}" = cosigned ]; then cosigned "$f" all; is_head "$f" $n; else AT[$n]=1; fi
done < <(find data -path "$A/anchors/*" -type f)
for n in "${!AT[@]}"; do
  f=$A/anchors/$n; [ -f $f.tsr ] && [ -f $f.checkpoint ] || fail "$f.tsr or $f.checkpoint is missing"
  [ "$(wc -c <$f.tsr)" -le 131072 ] && [ "$(wc -c <$f.checkpoint)" -le 131072 ] || fail "$f is too long"
  text $f.checkpoint '\n -~\342\200\224'; is_head $f.checkpoint $n
  x=$(hex <$f.tsr) y=0420$(sha256sum <$f.checkpoint | cut -c1-64)
  [[ $x == *06096086480165030402010500$y* || $x == *0609608648016503040201$y* ]] || fail "$f.tsr is of something else"
done
echo "OK: $e mails, ${#H[@]} events, $N entries of the log $O, key $(sha256sum <$A/log.vkey | cut -c1-64)"
"""
)
