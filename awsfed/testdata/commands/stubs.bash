# Stubs of the command-line tools that hints name. They note their words in $RECORD, and refuse a
# command or a flag that the lists in $LISTS do not have.

declare -A flags # of a command, by its words
while IFS=: read -r command list; do
  case $command in '' | '#'*) continue ;; esac
  flags[$command]=$list
done < <(cat "$LISTS"/*.txt)

refuse() {
  printf 'refused: %s\n' "$*" >&2
  exit 2
}

# Whether some command starts with these words.
begins() {
  local command
  for command in "${!flags[@]}"; do
    if [[ $command == "$1" || $command == "$1 "* ]]; then return 0; fi
  done
  return 1
}

# Whether the command, or every command of the tool, has this flag: "--name=" with a value.
takes() { [[ " ${flags[$tool]} ${flags[$command]} " == *" $1 "* ]]; }

call() {
  printf '%s\0' "$#" "$@" >>"$RECORD"
  local tool=$1 command=$1 word
  shift
  while [ $# -gt 0 ] && begins "$command $1"; do
    command+=" $1"
    shift
  done
  if [[ $command != *' '* || ! ${flags[$command]+known} ]]; then refuse "$command has no command $1"; fi
  while [ $# -gt 0 ]; do
    word=$1
    shift
    case $word in
    --*=*) takes "${word%%=*}=" || refuse "$command takes no $word" ;;
    --*)
      if takes "$word="; then
        case ${1--} in -*) refuse "$command wants a value behind $word" ;; esac
        shift
      elif ! takes "$word" && ! { [[ $tool == gcloud && $word == --no-* ]] && takes "--${word#--no-}"; }; then
        refuse "$command has no $word"
      fi
      ;;
    -*) refuse "$command has no $word" ;;
    *) if [[ $tool == aws ]]; then refuse "$command takes no $word"; fi ;;
    esac
  done
  if [[ $command == 'gcloud '*' describe' && $word == '--format=value(projectId)' ]]; then echo the-project; fi
}

gcloud() { call gcloud "$@"; }
aws() { call aws "$@"; }
kubectl() { call kubectl "$@"; }
chronyc() { call chronyc "$@"; }
timedatectl() {
  printf '%s\0' "$(($# + 1))" timedatectl "$@" >>"$RECORD"
  if [ $# -gt 0 ]; then refuse "timedatectl $1"; fi
}
