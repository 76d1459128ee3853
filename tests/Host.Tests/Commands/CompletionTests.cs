using System.CommandLine;
using System.Diagnostics;
using MoeActors.Host.Commands;
using MoeActors.Host.Commands.Completion;

namespace MoeActors.Host.Tests.Commands;

public sealed class CompletionTests
{
    private static readonly IReadOnlyList<CompletionCommand> Tree = CompletionTree.Of(MoeRoot.Build(new Cli().Handlers));

    [Theory]
    [InlineData("moe tra", "train")]
    [InlineData("moe checkpoint ex", "export")]
    [InlineData("moe checkpoint export run --out", "--output")]
    [InlineData("moe train --preset ti", "tiny")]
    [InlineData("moe train --data a --ste", "--steps")]
    [InlineData("moe bench st", "step storage")]
    [InlineData("moe completion z", "zsh")]
    [InlineData("moe fault inject kill", "kill-at-phase kill-process")]
    [InlineData("moe node --superv", "")]
    public async Task Bash_completes(string line, string expected)
    {
        string[] words = line.Split(' ');
        string script = $"{CompletionScript.Of("bash", Tree)}\nCOMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))})\nCOMP_CWORD={words.Length - 1}\n_moe\necho \"${{COMPREPLY[*]}}\"";
        var bash = new ProcessStartInfo("bash", ["--norc"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process shell = Process.Start(bash)!;
        await shell.StandardInput.WriteAsync(script);
        shell.StandardInput.Close();
        Assert.Equal(expected, (await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
    }

    [Fact]
    public void Every_shell_knows_every_command_and_option() => Assert.All(CompletionScript.Shells, shell =>
    {
        string script = CompletionScript.Of(shell, Tree);
        Assert.All(Tree.Skip(1), c => Assert.Contains($"'{c.Path}'", script, StringComparison.Ordinal));
        Assert.All(Tree.SelectMany(c => c.Options), o => Assert.Contains(o.Name, script, StringComparison.Ordinal));
        Assert.DoesNotContain("--supervised", script, StringComparison.Ordinal);
    });

    [Fact]
    public void What_an_option_takes_is_known_from_what_its_help_says()
    {
        CompletionOption Option(string command, string name) => Tree.Single(c => c.Path == command).Options.Single(o => o.Name == name);
        Assert.Equal(CompletionValue.File, Option("moe train", "--run-dir").Value);
        Assert.Equal(CompletionValue.Free, Option("moe train", "--steps").Value);
        Assert.Equal(CompletionValue.None, Option("moe train", "--json").Value);
        Assert.Equal(["master", "weights"], Option("moe checkpoint export", "--slots").Names);
        Assert.True(Tree.Single(c => c.Path == "moe resume").TakesFiles);
    }

    [Fact]
    public async Task The_command_prints_the_script()
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.Ok, await cli.Run("completion", "bash"));
        Assert.Equal(CompletionScript.Of("bash", Tree), cli.Output);
    }
}
