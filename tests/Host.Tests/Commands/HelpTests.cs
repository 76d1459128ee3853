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

    [Theory]
    [InlineData("checkpoint export")]
    [InlineData("train")]
    [InlineData("")]
    public async Task Help_as_a_command_shows_the_same_as_the_option(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var command = new Cli();
        var option = new Cli();
        Assert.Equal(ExitCodes.Ok, await command.Run(["help", .. words]));
        Assert.Equal(ExitCodes.Ok, await option.Run([.. words, "--help"]));
        Assert.Equal(option.Output, command.Output);
    }

    [Theory]
    [InlineData("train", "Node processes; never changes results. [default: 3]")]
    [InlineData("train", "Optimizer steps of the whole run. [default: 2000 with small]")]
    [InlineData("train", "[default: small]")]
    [InlineData("node", "Address to listen on and to announce. [default: 127.0.0.1]")]
    [InlineData("tokenizer train", "[default: 4096]")]
    public async Task The_help_shows_what_counts_without_an_option(string line, string expected)
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run([.. line.Split(' '), "--help"]));
        Assert.Contains(expected, cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_record_of_a_run_decides_has_no_default_in_the_help()
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run("resume", "--help"));
        Assert.DoesNotContain("[default: 3]", cli.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "plan <PRESET> ")]
    [InlineData("bench", "moe bench [<CASE>...]")]
    [InlineData("fault inject", "moe fault inject <KIND>")]
    public async Task The_help_names_an_argument_and_lists_its_values_only_where_it_describes_it(string line, string expected)
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]));
        Assert.Contains(expected, cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_a_command_too()
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run("version"));
        Assert.Matches(@"^\d+\.\d+\.\d+", cli.Output);
        var json = new Cli();
        Assert.Equal(ExitCodes.Ok, await json.Run("version", "--json"));
        using var said = System.Text.Json.JsonDocument.Parse(json.Output);
        Assert.StartsWith(said.RootElement.GetProperty("version").GetString()!, cli.Output, StringComparison.Ordinal);
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
