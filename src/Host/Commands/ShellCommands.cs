using System.CommandLine;
using System.CommandLine.Completions;
using System.Reflection;
using System.Text.Json;

using MoeActors.Host.Commands.Completion;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe completion, help and version: what is said of the command line itself.</summary>
internal static class ShellCommands
{
    /// <summary>moe completion.</summary>
    public static Command Completion()
    {
        var command = new MoeCommand(
            "completion",
            "Prints a script that completes commands, options and names in a shell. For the shell that runs: source <(moe completion bash); in fish: moe completion fish | source. The script says where it belongs for good.",
            "moe completion bash",
            "moe completion zsh",
            "moe completion fish");
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = $"{string.Join(", ", CompletionScript.Shells)}." };
        shell.AcceptOnlyFromAmong([.. CompletionScript.Shells]);
        command.Add(shell);
        command.SetAction(result =>
        {
            result.InvocationConfiguration.Output.Write(CompletionScript.Of(result.GetRequiredValue(shell), CompletionTree.Of(result.RootCommandResult.Command)));
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>moe help, of the commands of <paramref name="root"/>.</summary>
    public static Command Help(Command root)
    {
        var command = new MoeCommand("help", "Shows the help of a command.", "moe help", "moe help checkpoint export");
        var words = new Argument<string[]>("COMMAND") { HelpName = "COMMAND", Arity = ArgumentArity.ZeroOrMore, Description = "The command, without any: all of them." };
        words.CompletionSources.Add(_ => root.Subcommands.Select(c => new CompletionItem(c.Name)));
        command.Add(words);
        command.SetAction((result, cancel) =>
        {
            Command named = root;
            string line = root.Name;
            foreach (string word in result.GetValue(words) ?? [])
            {
                IEnumerable<string> known = named.Subcommands.Select(c => c.Name);
                string hint = Suggestions.Nearest(word, known) is { } near ? $"did you mean {near}? " : "";
                named = named.Subcommands.FirstOrDefault(c => c.Name == word)
                    ?? throw new CommandException(ExitCodes.CommandLine, $"unknown command {word}; {hint}`{line} --help` shows what there is");
                line += $" {word}";
            }

            return root.Parse([.. line.Split(' ').Skip(1), "--help"]).InvokeAsync(result.InvocationConfiguration, cancel);
        });
        return command;
    }

    /// <summary>moe version.</summary>
    public static Command Version()
    {
        var command = new MoeCommand("version", "Shows the version and the commit it was built from.", "moe version", "moe version --json");
        Option<bool> json = MoeCommand.JsonOption();
        command.Add(json);
        command.SetAction(result =>
        {
            string version = typeof(ShellCommands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            string[] parts = version.Split('+');
            result.InvocationConfiguration.Output.WriteLine(
                result.GetValue(json) ? JsonSerializer.Serialize(new { version = parts[0], commit = parts.Length > 1 ? parts[1] : null }, JsonOutput.Options) : version);
            return ExitCodes.Ok;
        });
        return command;
    }
}
