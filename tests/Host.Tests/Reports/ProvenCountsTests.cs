using MoeActors.Compute.Data;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public sealed class ProvenCountsTests
{
    private const long Batch = 4, Tokens = 16;

    private static StepHistory Log(params IEnumerable<long>[] steps) =>
        StepHistory.Resolve([.. steps.SelectMany(s => s).Select(s => ReportFixture.Step(s, tokens: Batch * Tokens))]);

    private static IEnumerable<long> From(long first, long last) => Enumerable.Range((int)first, (int)(last - first + 1)).Select(s => (long)s);

    private static SampleLedger Ledger(long steps, params long[] skipped)
    {
        SampleLedger ledger = SampleLedger.Empty(Batch);
        for (long s = 0; s < steps; s++)
        {
            ledger = skipped.Contains(s) ? ledger.Skip(s) : ledger.Commit(s);
        }

        return ledger;
    }

    private static ProvenCounts Count(StepHistory log, SampleLedger? ledger, long? planned = null, params string[] leftOut) =>
        ProvenCounts.Of(log, ledger, Batch, Tokens, planned, leftOut);

    [Fact]
    public void A_log_with_holes_loses_lines_and_no_samples()
    {
        ProvenCounts counts = Count(Log(From(0, 69), From(101, 118)), Ledger(120, 3), planned: 120, "steps.jsonl line 5: altered");
        Assert.Equal((120L, 120 * Batch * Tokens, 1L), (counts.Steps, counts.Tokens, counts.SkippedSteps));
        Assert.Equal(new SampleCounts(119 * Batch, 0, 0, 0), counts.Samples);
        Assert.Equal((120L, 32L), (counts.Evidence.Checkpoint!.Value, counts.Evidence.MissingSteps));
        Assert.Equal(["70–100", "119"], counts.Evidence.Missing!);
        Assert.Equal(["steps.jsonl line 5: altered"], counts.Evidence.LeftOut!);
    }

    [Fact]
    public void Steps_since_the_newest_checkpoint_count_as_the_log_tells()
    {
        StepHistory log = StepHistory.Resolve([.. From(0, 9).Select(s => ReportFixture.Step(s, tokens: 64) with { Skipped = s is 2 or 8 })]);
        ProvenCounts counts = Count(log, Ledger(6, 2));
        Assert.Equal((10L, 2L, 8 * Batch), (counts.Steps, counts.SkippedSteps, counts.Samples.Contributed));
        Assert.Equal(6, counts.Evidence.Checkpoint);
        Assert.Null(counts.Evidence.Missing);
    }

    [Fact]
    public void Without_a_checkpoint_the_log_counts_and_its_newest_step_stands_for_all_before_it()
    {
        ProvenCounts counts = Count(Log(From(0, 3), From(6, 7)), ledger: null);
        Assert.Equal((8L, 8 * Batch, 2L), (counts.Steps, counts.Samples.Contributed, counts.Evidence.MissingSteps));
        Assert.Null(counts.Evidence.Checkpoint);
    }

    [Fact]
    public void A_run_that_says_it_is_complete_without_its_last_steps_has_lost_their_samples() =>
        Assert.Equal(2 * Batch, Count(Log(From(0, 7)), Ledger(8), planned: 10).Samples.Lost);

    [Fact]
    public void A_run_that_has_done_nothing_counts_nothing() => Assert.Equal((0L, 0L, 0L), (Count(Log(), null).Steps, Count(Log(), null).Tokens, Count(Log(), null).Evidence.MissingSteps));
}
