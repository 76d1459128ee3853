using System.Text;

namespace MoeActors.Host.Commands.Completion;

/// <summary>
/// Scripts by which a shell completes the command line. They hold all there is to know, so that pressing a key starts no process. Each walks the words that stand there already from command to
/// command, then offers the value of the option before the cursor, an option, or a command or argument.
/// </summary>
internal static class CompletionScript
{
    /// <summary>The shells there is a script for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish"];

    /// <summary>The script of a shell.</summary>
    public static string Of(string shell, IReadOnlyList<CompletionCommand> commands) => shell switch
    {
        "bash" => Bash(commands),
        "zsh" => Zsh(commands),
        _ => Fish(commands),
    };

    private static string Bash(IReadOnlyList<CompletionCommand> commands) => $$"""
        # Completes moe in bash: ~/.local/share/bash-completion/completions/moe, or for this shell: source <(moe completion bash)
        _moe() {
          local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} place=moe words= i
          COMPREPLY=()
          for ((i = 1; i < COMP_CWORD; i++)); do
            case "$place ${COMP_WORDS[i]}" in
              {{Or(commands.Skip(1).Select(c => c.Path))}}) place="$place ${COMP_WORDS[i]}" ;;
            esac
          done
          case "$place $before" in
        {{Lines(Valued(commands, CompletionValue.Name), g => $"    {Or(g.Places)}) COMPREPLY=($(compgen -W {Quoted(g.Names)} -- \"$current\")); return ;;")}}
            {{Or(Valued(commands, CompletionValue.File).SelectMany(g => g.Places))}}) compopt -o default 2>/dev/null; return ;;
            {{Or(Valued(commands, CompletionValue.Free).SelectMany(g => g.Places))}}) return ;;
          esac
          case "$current" in
            -*)
              case "$place" in
        {{Lines(commands, c => $"        '{c.Path}') words={Quoted(c.Options.Select(o => o.Name))} ;;")}}
              esac ;;
            *)
              case "$place" in
        {{Lines(commands.Where(c => Offers(c).Any()), c => $"        '{c.Path}') words={Quoted(Offers(c))} ;;")}}
                {{Or(commands.Where(c => c.TakesFiles).Select(c => c.Path))}}) compopt -o default 2>/dev/null ;;
              esac ;;
          esac
          COMPREPLY=($(compgen -W "$words" -- "$current"))
        }
        complete -F _moe moe

        """;

    private static string Zsh(IReadOnlyList<CompletionCommand> commands) => $$"""
        #compdef moe
        # Completes moe in zsh: a file _moe in a folder of $fpath, or for this shell: source <(moe completion zsh)
        _moe() {
          local current=$words[CURRENT] before=$words[CURRENT-1] place=moe word
          for word in "${(@)words[2,CURRENT-1]}"; do
            case "$place $word" in
              {{Or(commands.Skip(1).Select(c => c.Path))}}) place="$place $word" ;;
            esac
          done
          case "$place $before" in
        {{Lines(Valued(commands, CompletionValue.Name), g => $"    {Or(g.Places)}) compadd -- {string.Join(' ', g.Names)}; return ;;")}}
            {{Or(Valued(commands, CompletionValue.File).SelectMany(g => g.Places))}}) _files; return ;;
            {{Or(Valued(commands, CompletionValue.Free).SelectMany(g => g.Places))}}) return ;;
          esac
          case "$current" in
            -*)
              case "$place" in
        {{Lines(commands, c => $"        '{c.Path}') compadd -- {string.Join(' ', c.Options.Select(o => o.Name))} ;;")}}
              esac ;;
            *)
              case "$place" in
        {{Lines(commands.Where(c => Offers(c).Any()), c => $"        '{c.Path}') compadd -- {string.Join(' ', Offers(c))} ;;")}}
                {{Or(commands.Where(c => c.TakesFiles).Select(c => c.Path))}}) _files ;;
              esac ;;
          esac
        }
        if [[ $funcstack[1] == _moe ]]; then _moe "$@"; else compdef _moe moe; fi

        """;

    private static string Fish(IReadOnlyList<CompletionCommand> commands) => $$"""
        # Completes moe in fish: ~/.config/fish/completions/moe.fish, or for this shell: moe completion fish | source
        function __moe_complete
            set -l tokens (commandline -opc)
            set -l current (commandline -ct)
            set -l place moe
            for token in $tokens[2..-1]
                switch "$place $token"
                    case {{Spaced(commands.Skip(1).Select(c => c.Path))}}
                        set place "$place $token"
                end
            end
            switch "$place $tokens[-1]"
        {{Lines(Valued(commands, CompletionValue.Name), g => $"        case {Spaced(g.Places)}\n            printf '%s\\n' {string.Join(' ', g.Names)}\n            return")}}
                case {{Spaced(Valued(commands, CompletionValue.File).SelectMany(g => g.Places))}}
                    __fish_complete_path $current
                    return
                case {{Spaced(Valued(commands, CompletionValue.Free).SelectMany(g => g.Places))}}
                    return
            end
            if string match -q -- '-*' "$current"
                switch $place
        {{Lines(commands, c => $"            case '{c.Path}'\n                printf '%s\\t%s\\n' {Described(c.Options.Select(o => (o.Name, o.Description)))}")}}
                end
                return
            end
            switch $place
        {{Lines(commands.Where(c => c.Commands.Count > 0), c => $"        case '{c.Path}'\n            printf '%s\\t%s\\n' {Described(commands.Where(s => c.Commands.Any(n => s.Path == $"{c.Path} {n}")).Select(s => (s.Name, s.Description)))}")}}
        {{Lines(commands.Where(c => c.Names.Count > 0), c => $"        case '{c.Path}'\n            printf '%s\\n' {string.Join(' ', c.Names)}")}}
                case {{Spaced(commands.Where(c => c.TakesFiles).Select(c => c.Path))}}
                    __fish_complete_path $current
            end
        end
        complete -c moe -f -a '(__moe_complete)'

        """;

    private static IEnumerable<string> Offers(CompletionCommand command) => command.Commands.Concat(command.Names);

    /// <summary>The options whose value is of a kind, as "command option"; those with the same names together.</summary>
    private static IEnumerable<(IReadOnlyList<string> Places, IReadOnlyList<string> Names)> Valued(IReadOnlyList<CompletionCommand> commands, CompletionValue value) => commands
        .SelectMany(c => c.Options.Where(o => o.Value == value).Select(o => (Place: $"{c.Path} {o.Name}", o.Names)))
        .GroupBy(o => string.Join(' ', o.Names), StringComparer.Ordinal)
        .Select(g => ((IReadOnlyList<string>)[.. g.Select(o => o.Place)], g.First().Names));

    private static string Lines<T>(IEnumerable<T> items, Func<T, string> line) => string.Join('\n', items.Select(line));

    private static string Or(IEnumerable<string> words) => string.Join('|', words.Select(w => $"'{w}'"));

    private static string Spaced(IEnumerable<string> words) => string.Join(' ', words.Select(w => $"'{w}'"));

    private static string Quoted(IEnumerable<string> words) => $"'{string.Join(' ', words)}'";

    private static string Described(IEnumerable<(string Name, string Description)> items) =>
        string.Join(' ', items.Select(i => $"{i.Name} '{new StringBuilder(i.Description).Replace("\\", "\\\\").Replace("'", "\\'")}'"));
}
