using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Progress;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Progress;

public sealed class StatusProgressTests
{
    private static readonly RunStatus Status = new(
        "running", "a1b2", "/runs/a", 1, 5, 10, 2.5, double.NaN, 1000, 0.1, 2, 2, 4, 0, "", 0, [], [], double.NaN);

    [Fact]
    public void Lost_tokens_are_shown_where_they_can_be_lost()
    {
        Assert.Null(StatusProgress.Of(Status).Plt);
        Assert.Contains("  plt 0.42 %  ", ProgressText.Line(StatusProgress.Of(Status with { Plt = 0.0042 })), StringComparison.Ordinal);
        Assert.DoesNotContain("plt", ProgressText.Line(StatusProgress.Of(Status)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PLT 4.000 % exceeds checkpoint.plt-budget = 3.750 %: raise checkpoint.k-persist, or checkpoint more often", ProgressEventKind.Warning)]
    [InlineData("Dynamic-K: K becomes 4, over the budget by what is lost already", ProgressEventKind.Info)]
    [InlineData("checkpoint 4 FAILED: disk full; the newest stays 2", ProgressEventKind.Warning)]
    [InlineData("checkpoint 4 published (1.0 MB)", ProgressEventKind.Checkpoint)]
    [InlineData("report incomplete: steps.jsonl cannot be written (it failed); the run goes on without it", ProgressEventKind.Warning)]
    [InlineData("node-2 is lost: downed", ProgressEventKind.Fault)]
    public void An_event_is_announced_as_what_it_is(string text, ProgressEventKind kind) => Assert.Equal(kind, StatusProgress.KindOf(text));

    [Fact]
    public void What_is_not_known_is_not_shown()
    {
        RunStatus resumed = Status with { Phase = "gathering", Epoch = 3, Step = 25, Loss = double.NaN, TokensPerSecond = 0, SecondsPerStep = 0, SlowestRank = -1, Checkpoint = 25 };
        string line = ProgressText.Line(StatusProgress.Of(resumed));
        Assert.Equal("step 25/10  nodes 2/2  checkpoint 25  waiting for nodes", line);
        Assert.Equal("waiting for a replacement", StatusProgress.Of(resumed with { Loss = 2 }).Message);
        Assert.Equal(
            "run a1b2 completed: step 10 of 10, epoch 3, 2 of 2 nodes (); /runs/a",
            RunStatusHandler.Line(resumed with { Outcome = "completed", Step = 10, Checkpoint = -1 }));
        Assert.Null(StatusProgress.Of(Status with { Outcome = "stopped" }).Eta);
    }

    [Fact]
    public void Who_watches_a_run_ends_with_the_code_of_its_failure()
    {
        Assert.Equal(ExitCodes.Ok, RunStatusHandler.EndOf(Status with { Outcome = "stopped" }));
        Assert.Equal(ExitCodes.NonFinite, RunStatusHandler.EndOf(Status with { Outcome = "failed: three steps in a row were not finite", Cause = FailureCause.NonFinite }));
    }

    [Fact]
    public void What_is_not_known_is_null_in_JSON()
    {
        Assert.Contains("\"validationLoss\": null", JsonSerializer.Serialize(Status, JsonOutput.Options), StringComparison.Ordinal);
        Assert.Contains("\"loss\":null", JsonSerializer.Serialize(Status with { Loss = double.NaN }, JsonOutput.Line), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_a_message_is_obeyed_by_the_terminal() =>
        Assert.Equal("fault: a\\u001b[2J b c", ProgressText.Line(new ProgressEvent(ProgressEventKind.Fault, "a\e[2J b\r\nc")));
}
