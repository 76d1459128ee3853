using System.CommandLine;

namespace MoeActors.Host.Commands;

/// <summary>A command with examples, which its help shows.</summary>
internal sealed class MoeCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines as one would type them.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>The --json of every command that has something to say to programs.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object on standard output." };

    /// <summary>Sets what the command does: parse, then hand the request to its handler.</summary>
    public void Runs<TRequest>(IHandler<TRequest> handler, Func<ParseResult, TRequest> parse) =>
        SetAction((result, cancel) => handler.RunAsync(parse(result), cancel));
}
