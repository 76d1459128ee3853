using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public class ReportBuilderTests
{
    [Fact]
    public void Totals_count_the_surviving_history_once()
    {
        RunTotals totals = ReportBuilder.Build(ReportFixture.Input).Totals;
        Assert.Equal(3, totals.Steps);
        Assert.Equal(192, totals.Tokens);
        Assert.Equal(1, totals.ReplayedSteps);
        Assert.Equal(480, totals.TokensPerSecond, 9);           // 192 tokens in 100 + 150 + 150 ms
        Assert.Equal(192, totals.EffectiveTokensPerSecond, 9);  // in 1000 ms of wall time
        Assert.Equal(0.35, totals.Ettr, 9);                     // 400 ms less 50 ms of stall, of 1000
        Assert.Equal(0.05, totals.ExposedCommunicationShare, 9);
        Assert.Equal(0.0125, totals.Plt);
        Assert.Equal(2.6, totals.FinalLoss);
        Assert.Equal(2.625, totals.ValidationLoss);
        Assert.Equal(2400, totals.RecoveryMs!.P50);
    }

    [Fact]
    public void A_skipped_step_is_no_useful_time_and_no_final_loss()
    {
        ReportInput input = ReportFixture.Input with
        {
            History = StepHistory.Resolve([ReportFixture.Step(1, loss: 2), ReportFixture.Step(2, loss: double.NaN) with { Skipped = true }]),
            Counts = ReportFixture.Input.Counts with { SkippedSteps = 1 },
        };
        RunTotals totals = ReportBuilder.Build(input).Totals;
        Assert.Equal(0.1, totals.Ettr, 9);
        Assert.Equal(2, totals.FinalLoss);
        Assert.Equal(1, totals.SkippedSteps);
    }

    [Fact]
    public void A_run_that_failed_before_its_first_step_has_a_report_too()
    {
        RunTotals totals = ReportBuilder.Build(ReportFixture.Input with { History = StepHistory.Empty, Counts = ProvenCounts.Of(StepHistory.Empty, null, 4, 16, null, []), Faults = [], Wall = TimeSpan.Zero, Outcome = "failed" }).Totals;
        Assert.Equal((0, 0, 0), (totals.Steps, totals.TokensPerSecond, totals.Ettr));
        Assert.Null(totals.FinalLoss);
        Assert.Null(totals.StepMs);
    }

    [Fact]
    public void Percentiles_interpolate_between_the_nearest_ranks() =>
        Assert.Equal(new Percentiles(3, 3, 4.6, 4.96, 5), Percentiles.Of([5, 1, 3, 2, 4]));
}
