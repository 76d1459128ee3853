using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-cli-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_flags_of_train_are_settings()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("train", "--data", "a.txt", "b/*.txt", "--data", "c", "--nodes", "4", "--preset", "tiny", "--steps", "7", "--seed", "3", "--run-dir", folder, "--json"));
        var request = Assert.IsType<TrainRequest>(cli.Request);
        RunSpec run = request.Settings.Run;
        Assert.Equal(["a.txt", "b/*.txt", "c"], run.Data.Paths.Select(p => Path.GetRelativePath(Environment.CurrentDirectory, p)));
        Assert.Equal((4, "tiny", 7, 3L), (run.Nodes, run.Model.Name, run.Training.Steps, run.Training.Seed));
        Assert.Equal(folder, request.Settings.Runtime.RunDirectory);
        Assert.True(request.Json);
    }

    [Fact]
    public async Task Set_wins_over_flags_and_flags_win_over_the_file()
    {
        string file = Path.Combine(folder, "my.conf");
        await File.WriteAllTextAsync(file, "preset = tiny\ntraining {\n  steps = 5\n  seed = 5\n}\nnodes = 1\n", TestContext.Current.CancellationToken);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("train", "--config", file, "--steps", "6", "--seed", "6", "--set", "training.seed=7"));
        RunSpec run = Assert.IsType<TrainRequest>(cli.Request).Settings.Run;
        Assert.Equal((1, 6, 7L), (run.Nodes, run.Training.Steps, run.Training.Seed));
    }

    [Fact]
    public async Task A_node_takes_its_address_and_those_it_joins()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("node", "--port", "7101", "--join", "127.0.0.1:7100", "--data-dir", folder, "--supervised"));
        var request = Assert.IsType<NodeRequest>(cli.Request);
        Assert.Equal(7101, request.Settings.Runtime.Cluster.Port);
        Assert.Equal([new NodeAddress("127.0.0.1", 7100)], request.Settings.Runtime.Cluster.Join);
        Assert.Equal(folder, request.Settings.Runtime.NodeDirectory);
        Assert.True(request.Supervised);
    }

    [Fact]
    public async Task A_prompt_is_taken_as_it_is()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("generate", folder, "--prompt", "@who, = [me]", "--step", "50", "--top-k", "5"));
        var request = Assert.IsType<GenerateRequest>(cli.Request);
        Assert.Equal(("@who, = [me]", 5, 50L), (request.Settings.Runtime.Generation.Prompt, request.Settings.Runtime.Generation.TopK, request.Step));
    }

    [Fact]
    public async Task Resume_names_the_run_and_the_nodes()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("resume", folder, "--nodes", "2"));
        var request = Assert.IsType<ResumeRequest>(cli.Request);
        Assert.Equal(folder, request.RunDirectory);
        Assert.Equal("nodes", Assert.Single(request.Settings.Overrides).Key);
    }

    [Fact]
    public async Task Resume_takes_more_steps_and_train_the_run_whose_weights_it_begins_with()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("resume", folder, "--steps", "900"));
        Assert.Equal(("training.steps", "--steps"), (Assert.IsType<ResumeRequest>(cli.Request).Settings.Overrides[0].Key, Assert.IsType<ResumeRequest>(cli.Request).Settings.Overrides[0].Origin));
        Assert.Equal(0, await cli.Run("train", "--from", folder, "--from-step", "40"));
        Assert.Equal((folder, 40L), (Assert.IsType<TrainRequest>(cli.Request).From, Assert.IsType<TrainRequest>(cli.Request).FromStep));
        Assert.Equal(ExitCodes.CommandLine, await cli.Run("train", "--from-step", "40"));
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("train", "--from", "/no/such/run"));
    }

    [Fact]
    public async Task Status_is_watched_on_request()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("run", "status", "--cluster", "localhost:7100", "--watch"));
        var request = Assert.IsType<RunControlRequest>(cli.Request);
        Assert.Equal((new NodeAddress("localhost", 7100), true), (request.Cluster.Address, request.Watch));
    }

    [Theory]
    [InlineData("status")]
    [InlineData("stop")]
    public async Task A_local_run_is_watched_and_stopped_by_its_directory(string verb)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "node.conf"), "cluster.secret = abcdefghijklmnopqrstuvwx\n", TestContext.Current.CancellationToken);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("run", verb, "--run-dir", folder));
        var request = Assert.IsType<RunControlRequest>(cli.Request);
        Assert.Equal((folder, "abcdefghijklmnopqrstuvwx"), (request.Cluster.RunDirectory, request.Cluster.Settings.Runtime.Cluster.Secret));
    }

    [Theory]
    [InlineData("--output")]
    [InlineData("--out")]
    public async Task What_is_written_is_named_by_output_and_by_what_it_was_called_before(string option)
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("diagnose", folder, option, Path.Combine(folder, "d.zip")));
        Assert.Equal(Path.Combine(folder, "d.zip"), Assert.IsType<DiagnoseRequest>(cli.Request).Output);
    }

    [Theory]
    [InlineData("checkpoint export")]
    [InlineData("tokenizer train")]
    [InlineData("diagnose")]
    public async Task The_help_of_what_writes_names_output_alone(string command)
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run([.. command.Split(' '), "--help"]));
        Assert.Contains("--output <", cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--out ", cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--out,", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Benchmarks_are_known_before_anything_is_built()
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.CommandLine, await cli.Run("bench", "stpe"));
        Assert.StartsWith("moe: stpe: no such benchmark; did you mean step? There are optimizer, ", cli.Error, StringComparison.Ordinal);
        Assert.Null(cli.Request);
        Assert.Equal(0, await cli.Run(["bench", .. MoeActors.Bench.Arguments.All.Select(c => c.Name)]));
        Assert.Equal(MoeActors.Bench.Arguments.All.Select(c => c.Name), Assert.IsType<BenchRequest>(cli.Request).Cases);
    }

    [Theory]
    [InlineData("", "moe: a command is missing; expected one of train, resume,")]
    [InlineData("checkpoint", "moe: checkpoint: a command is missing; expected one of list, verify, show, diff, prune, export (`moe checkpoint --help`)")]
    [InlineData("trian", "moe: unknown command trian; did you mean train? `moe --help` shows what there is")]
    [InlineData("train --nodez 3", "moe: unknown option --nodez; did you mean --nodes? `moe train --help` shows what there is")]
    [InlineData("checkpoint list", "moe: Required argument 'RUN-DIR' missing")]
    [InlineData("run stop", "moe: expected either --cluster HOST:PORT or --run-dir DIR")]
    [InlineData("run status --cluster localhost:1 --run-dir .", "moe: expected either --cluster HOST:PORT or --run-dir DIR")]
    [InlineData("trian --help", "moe: unknown command trian; did you mean train? `moe --help` shows what there is")]
    [InlineData("help trian", "moe: unknown command trian; did you mean train? `moe --help` shows what there is")]
    [InlineData("help checkpoint lst", "moe: unknown command lst; did you mean list? `moe checkpoint --help` shows what there is")]
    [InlineData("completion tcsh", "moe: Argument 'tcsh' not recognized")]
    [InlineData("bench step --runs x", "moe: --runs x: expected a whole number; `moe bench --help` shows what is expected")]
    [InlineData("bench step --runs 0", "moe: --runs 0: expected at least 1; `moe bench --help` shows what is expected")]
    [InlineData("bench step --steps -3", "moe: --steps -3: expected at least 1; `moe bench --help` shows what is expected")]
    [InlineData("bench gates --picture a.jpg", "moe: --picture a.jpg: the picture is a PNG; expected a name that ends in .png")]
    [InlineData("bench step --picture a.png", "moe: --picture a.png: only `moe bench gates` draws one")]
    [InlineData("checkpoint diff . a 2", "moe: A a: expected a whole number; `moe checkpoint diff --help` shows what is expected")]
    [InlineData("train --steps 3 --steps 4", "moe: --steps is given 2 times (3, 4); expected one value; `moe train --help` shows what is expected")]
    [InlineData("diagnose . --output d.tar.gz", "moe: --output ")]
    [InlineData("tokenizer train text --ouput x", "moe: unknown option --ouput; did you mean --output? `moe tokenizer train --help` shows what there is")]
    [InlineData("run stop --cluster here", "moe: --cluster here: expected HOST:PORT of a running node, for example 127.0.0.1:7100")]
    [InlineData("train --steps", "moe: Required argument missing for option: '--steps'")]
    public async Task A_command_line_without_sense_is_one_line_and_exit_code_2(string line, string expected)
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.CommandLine, await cli.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.StartsWith(expected, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(cli.Output);
    }

    [Theory]
    [InlineData("train", "--data", "")]
    [InlineData("train", "--data", "a.txt", "")]
    [InlineData("train", "--run-dir", "")]
    [InlineData("train", "--run-dir=")]
    [InlineData("train", "--config", "")]
    [InlineData("train", "--preset", "")]
    [InlineData("train", "--tokenizer", "")]
    [InlineData("train", "--steps", "")]
    [InlineData("plan", "")]
    [InlineData("resume", "")]
    [InlineData("generate", "")]
    [InlineData("node", "--data-dir", "")]
    [InlineData("node", "--join", "")]
    [InlineData("tokenizer", "train", "", "--output", "out")]
    [InlineData("tokenizer", "train", "a.txt", "--output", "")]
    [InlineData("run", "status", "--cluster", "")]
    [InlineData("chaos", "run", "")]
    [InlineData("bench", "plt-quality", "--data", "")]
    public async Task An_empty_argument_is_refused_whatever_it_stands_for(params string[] line)
    {
        var cli = new Cli();
        Assert.Equal(ExitCodes.CommandLine, await cli.Run(line));
        Assert.Single(cli.Error.TrimEnd('\n').Split('\n'));
        Assert.Null(cli.Request);
    }

    [Fact]
    public async Task A_secret_on_the_command_line_is_warned_about()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("train", "--set=cluster.secret=hush-hush-hush-hush"));
        Assert.StartsWith("moe: warning: --set cluster.secret: every user of this machine can read", cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hush-hush", cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train --preset tinny", ExitCodes.Configuration, "moe: --preset: unknown preset tinny; did you mean tiny?")]
    [InlineData("train --steps many", ExitCodes.Configuration, "moe: --steps: training.steps = many: expected a whole number")]
    [InlineData("resume /no/such/run", ExitCodes.Checkpoint, "moe: /no/such/run: no such run directory")]
    [InlineData("tokenizer train /no/such/text --output /tmp/none", ExitCodes.Data, "moe: /no/such/text: no such file or folder")]
    public async Task A_failure_is_one_line_with_its_exit_code(string line, int exitCode, string expected)
    {
        var cli = new Cli();
        Assert.Equal(exitCode, await cli.Run(line.Split(' ')));
        Assert.StartsWith(expected, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.TrimEnd('\n').Split('\n'));
    }

    public static TheoryData<Exception, int> FailuresAndCodes() => new()
    {
        { new SpecException("x"), ExitCodes.Configuration },
        { new CorpusException("x"), ExitCodes.Data },
        { new CheckpointException("x"), ExitCodes.Checkpoint },
        { new CommandException(ExitCodes.NonFinite, "x"), ExitCodes.NonFinite },
        { new IOException("x"), ExitCodes.Resources },
        { new AggregateException(new CorpusException("x")), ExitCodes.Data },
        { new OperationCanceledException(), ExitCodes.Interrupted },
        { new InvalidOperationException("x\n  y"), ExitCodes.Unexpected },
    };

    [Theory]
    [MemberData(nameof(FailuresAndCodes), DisableDiscoveryEnumeration = true)]
    public async Task Every_kind_of_failure_has_its_exit_code_and_no_stack_trace(Exception failure, int exitCode)
    {
        var cli = new Cli { Throws = failure };
        Assert.Equal(exitCode, await cli.Run("train"));
        Assert.StartsWith("moe: ", cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_tokenizer_is_made_from_text_and_used_by_its_folder()
    {
        string text = Path.Combine(folder, "text.txt"), target = Path.Combine(folder, "bpe");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("the cat and the dog and the bird. ", 50)), TestContext.Current.CancellationToken);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("tokenizer", "train", text, "--vocabulary", "270", "--output", target));
        Assert.Contains("270 ids from 1 file", cli.Output, StringComparison.Ordinal);
        Assert.Equal(270, Tokenizers.Open(target).Vocabulary);
        Assert.Equal(ExitCodes.Configuration, await cli.Run("tokenizer", "train", text, "--vocabulary", "260", "--output", target));
        Assert.Contains("holds a tokenizer already", cli.Error, StringComparison.Ordinal);
        Assert.Equal(270, Tokenizers.Open(target).Vocabulary);
        Assert.Equal(0, await cli.Run("tokenizer", "train", text, "--vocabulary", "260", "--output", target, "--force"));
        Assert.Equal(260, Tokenizers.Open(target).Vocabulary);
    }

    [Fact]
    public async Task A_run_without_checkpoints_says_so()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "list", folder));
        Assert.Equal($"no checkpoints in {folder}\n", cli.Output);
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "verify", folder));
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "show", folder));
        await File.WriteAllTextAsync(Path.Combine(folder, CheckpointPaths.ManifestName(5)), "{}", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "list", folder));
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "verify", folder, "--json"));
    }
}
