using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;

namespace MoeActors.Host.Commands.Completion;

/// <summary>What a shell may offer for the value of an option or argument.</summary>
internal enum CompletionValue
{
    /// <summary>There is no value: a switch.</summary>
    None,

    /// <summary>Anything: a number, a text.</summary>
    Free,

    /// <summary>A file or folder.</summary>
    File,

    /// <summary>One of the names.</summary>
    Name,
}

/// <summary>An option in the eyes of a shell.</summary>
/// <param name="Name">"--steps".</param>
/// <param name="Description">In a few words.</param>
/// <param name="Value">What its value is.</param>
/// <param name="Names">The names its value is one of.</param>
internal sealed record CompletionOption(string Name, string Description, CompletionValue Value, IReadOnlyList<string> Names);

/// <summary>A command in the eyes of a shell.</summary>
/// <param name="Path">"moe checkpoint list".</param>
/// <param name="Description">In a few words.</param>
/// <param name="Commands">Names of the commands below it.</param>
/// <param name="Options">Its options.</param>
/// <param name="Names">Names that its arguments may be.</param>
/// <param name="TakesFiles">Whether its arguments are files or folders.</param>
internal sealed record CompletionCommand(
    string Path, string Description, IReadOnlyList<string> Commands, IReadOnlyList<CompletionOption> Options, IReadOnlyList<string> Names, bool TakesFiles)
{
    /// <summary>Its own name.</summary>
    public string Name => Path[(Path.LastIndexOf(' ') + 1)..];
}

/// <summary>The whole command line in the eyes of a shell.</summary>
internal static class CompletionTree
{
    private static readonly string[] FileWords = ["FILE", "FOLDER", "DIR", "GLOB", "TEXT"];

    /// <summary>All commands of <paramref name="root"/>, itself first.</summary>
    public static IReadOnlyList<CompletionCommand> Of(Command root)
    {
        var all = new List<CompletionCommand>();
        Walk(root, root.Name);
        return all;

        void Walk(Command command, string path)
        {
            string[] names = [.. command.Arguments.SelectMany(Names)];
            Command[] below = [.. command.Subcommands.Where(c => !c.Hidden)];
            all.Add(new CompletionCommand(
                path, FirstSentence(command.Description), [.. below.Select(c => c.Name)], [.. command.Options.Where(o => !o.Hidden).Select(Seen), Help], names,
                command.Arguments.Any(a => IsFile(a.Name))));
            foreach (Command sub in below)
            {
                Walk(sub, $"{path} {sub.Name}");
            }
        }
    }

    private static readonly CompletionOption Help = new("--help", "Show help and usage information", CompletionValue.None, []);

    private static CompletionOption Seen(Option option)
    {
        string[] names = [.. Names(option)];
        CompletionValue value = option is HelpOption or VersionOption || option.ValueType == typeof(bool) ? CompletionValue.None
            : names.Length > 0 ? CompletionValue.Name
            : IsFile(option.HelpName ?? "") ? CompletionValue.File
            : CompletionValue.Free;
        return new CompletionOption(option.Name, FirstSentence(option.Description), value, value == CompletionValue.Name ? names : []);
    }

    private static IEnumerable<string> Names(Symbol symbol) => symbol.GetCompletions(CompletionContext.Empty).Select(c => c.Label);

    private static bool IsFile(string words) => FileWords.Any(w => words.Contains(w, StringComparison.Ordinal));

    private static string FirstSentence(string? text)
    {
        string line = text ?? "";
        int end = line.IndexOfAny([';', ':']) is var at and > 0 ? at : line.Length;
        return line.IndexOf(". ", StringComparison.Ordinal) is var dot and > 0 && dot < end ? line[..dot] : line[..end].TrimEnd('.');
    }
}
