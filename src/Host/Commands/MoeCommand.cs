using System.CommandLine;

using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>A command with examples, which its help shows.</summary>
internal sealed class MoeCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>What --output was called by some commands, accepted without a word.</summary>
    private const string FormerOutput = "--out";

    private readonly List<(Option Option, string Key)> settings = [];

    /// <summary>Command lines as one would type them.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>The --json of every command that has something to say to programs.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object on standard output." };

    /// <summary>The --output of every command that writes a file or folder of the user's choice.</summary>
    public static Option<string?> OutputOption(string helpName, string description, bool required)
    {
        var option = new Option<string?>("--output") { HelpName = helpName, Description = description, Required = required };
        option.Aliases.Add(FormerOutput);
        return option;
    }

    /// <summary>Says that <paramref name="option"/> stands for the setting <paramref name="key"/>, whose value without it the help shows.</summary>
    public void StandsFor(Option option, string key) => settings.Add((option, key));

    /// <summary>Makes the options ready for the help: the value that counts without an option is added to its description, and names that are only accepted are taken away.</summary>
    public void PrepareHelp()
    {
        foreach ((Option option, string key) in settings)
        {
            // Of an existing run its record decides.
            bool recorded = Arguments.Any(a => a.Name == RunFolder.ArgumentName) && (key == "nodes" || RunSpecReader.IsRecorded(key));
            option.Description += recorded ? "" : SettingDefaults.Words(key);
        }

        foreach (Option option in Options)
        {
            option.Aliases.Remove(FormerOutput);
        }
    }

    /// <summary>Sets what the command does: parse, then hand the request to its handler.</summary>
    public void Runs<TRequest>(IHandler<TRequest> handler, Func<ParseResult, TRequest> parse) =>
        SetAction((result, cancel) => handler.RunAsync(parse(result), cancel));
}
