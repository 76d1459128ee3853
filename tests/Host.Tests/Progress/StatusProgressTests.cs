using MoeActors.Actors.Protocol;
using MoeActors.Host.Progress;

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
    [InlineData("node-2 is lost: downed", ProgressEventKind.Fault)]
    public void An_event_is_announced_as_what_it_is(string text, ProgressEventKind kind) => Assert.Equal(kind, StatusProgress.KindOf(text));
}
