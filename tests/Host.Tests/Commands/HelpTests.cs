using System.CommandLine;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Tests.Commands;

public sealed class HelpTests
{
    public static TheoryData<string> CommandLines()
    {
        var lines = new TheoryData<string>();
        Walk(MoeRoot.Build(new Cli().Handlers), "");
        return lines;

        void Walk(Command command, string line)
        {
            lines.Add(line);
            foreach (Command sub in command.Subcommands)
            {
                Walk(sub, $"{line} {sub.Name}".Trim());
            }
        }
    }

    [Theory]
    [MemberData(nameof(CommandLines))]
    public async Task The_help_of_every_command_describes_it_and_shows_an_example_that_parses(string line)
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]));
        string[] examples = [.. cli.Output[cli.Output.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n').Skip(1).Select(l => l.Trim()).Where(l => l.Length > 0)];
        Assert.NotEmpty(examples);
        Command root = MoeRoot.Build(cli.Handlers);
        Assert.All(examples, example =>
        {
            Assert.StartsWith($"moe {line}".TrimEnd(), example, StringComparison.Ordinal);
            Assert.Empty(root.Parse(example["moe".Length..]).Errors);
        });
    }

    [Fact]
    public void Every_option_and_argument_has_a_description()
    {
        Walk(MoeRoot.Build(new Cli().Handlers));

        static void Walk(Command command)
        {
            Assert.All(command.Options, o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{command.Name} {o.Name}"));
            Assert.All(command.Arguments, a => Assert.False(string.IsNullOrWhiteSpace(a.Description), $"{command.Name} {a.Name}"));
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            foreach (Command sub in command.Subcommands)
            {
                Walk(sub);
            }
        }
    }
}
