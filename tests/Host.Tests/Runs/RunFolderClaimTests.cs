using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

/// <summary>Who may look at a run folder and write into it, and what a refused start leaves.</summary>
public sealed class RunFolderClaimTests
{
    [Fact]
    public void Of_two_starts_on_one_folder_the_second_is_refused_before_it_looks_or_writes()
    {
        using var temporary = new TemporaryFolder();
        string folder = temporary.File("r");
        using var first = RunFolderClaim.New(folder);
        CommandException e = Assert.Throws<CommandException>(() => RunFolderClaim.New(folder));
        Assert.Equal((ExitCodes.Resources, $"{folder}: another `moe train` or `moe resume` works on this run; stop that one first"), (e.ExitCode, e.Message));
        Assert.Equal([RunFolderLock.SupervisorName], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
        Assert.Equal(ExitCodes.Resources, Assert.Throws<CommandException>(() => RunFolderClaim.Existing(folder)).ExitCode);
    }

    [Fact]
    public void A_start_that_is_refused_takes_back_what_it_made_and_nothing_else()
    {
        using var temporary = new TemporaryFolder();
        using (var claim = RunFolderClaim.New(temporary.File("runs/deep/r")))
        {
            File.WriteAllText(claim.Writing(RunFolders.CorpusName), "text");
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));

        string mine = temporary.File("mine");
        Directory.CreateDirectory(mine);
        File.WriteAllText(Path.Combine(mine, "notes.txt"), "");
        RunFolderClaim.New(mine).Dispose();
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(mine).Select(Path.GetFileName));
    }

    [Fact]
    public void A_start_that_is_kept_leaves_its_run_unless_it_is_withdrawn()
    {
        using var temporary = new TemporaryFolder();
        foreach ((string name, bool withdrawn) in (ReadOnlySpan<(string, bool)>)[("kept", false), ("withdrawn", true)])
        {
            using (var claim = RunFolderClaim.New(temporary.File(name)))
            {
                File.WriteAllText(claim.Writing(RunReports.RecordName), "{}");
                claim.Keep();
                if (withdrawn)
                {
                    claim.Withdraw();
                }
            }

            Assert.Equal(!withdrawn, Directory.Exists(temporary.File(name)));
        }

        Assert.Equal(ExitCodes.Configuration, Assert.Throws<CommandException>(() => RunFolderClaim.New(temporary.File("kept"))).ExitCode);
    }

    [Theory]
    [InlineData("checkpoints/step-00000008.manifest.json")]
    [InlineData("steps.jsonl")]
    [InlineData("events.jsonl")]
    public void What_is_left_of_a_run_without_its_record_meets_no_other_run(string left)
    {
        using var temporary = new TemporaryFolder();
        Directory.CreateDirectory(temporary.File("checkpoints"));
        File.WriteAllText(temporary.File(left), "");
        CommandException e = Assert.Throws<CommandException>(() => RunFolderClaim.New(temporary.Path));
        Assert.Equal(ExitCodes.Checkpoint, e.ExitCode);
        Assert.Contains("but no run.json; put the record back", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_not_said_to_be_in_use()
    {
        using var temporary = new TemporaryFolder();

        // As good as a read-only folder, also for root: no file can be opened there to be written.
        Directory.CreateDirectory(temporary.File(RunFolderLock.SupervisorName));
        foreach (Func<string, RunFolderClaim> claim in (Func<string, RunFolderClaim>[])[RunFolderClaim.New, RunFolderClaim.Existing])
        {
            CommandException e = Assert.Throws<CommandException>(() => claim(temporary.Path));
            Assert.Equal(ExitCodes.Resources, e.ExitCode);
            Assert.Contains("cannot be written", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Two_runs_that_nobody_names_and_that_begin_in_the_same_second_have_folders_of_their_own() =>
        Assert.NotEqual(RunFolders.Default("tiny", "0123456789abcdef"), RunFolders.Default("tiny", "0123466789abcdef"));
}
