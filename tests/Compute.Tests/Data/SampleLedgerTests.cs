using CsCheck;
using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

public class SampleLedgerTests
{
    private static readonly Gen<(int Kind, double At)[]> Histories = Gen.Select(Gen.Int[0, 9], Gen.Double[0, 1]).Array[0, 60];

    [Fact]
    public void A_disturbed_history_ends_with_the_hash_of_the_undisturbed_one() => Histories.Sample(events =>
    {
        SampleLedger ledger = SampleLedger.Empty(12);
        long wasted = 0;
        foreach ((int kind, double at) in events)
        {
            long back = (long)(at * ledger.Steps);
            wasted += kind switch { 0 => (ledger.Steps - back) * 12, 1 => 12, _ => 0 };
            ledger = kind switch { 0 => ledger.RollBack(back), 1 => ledger.Discard(), _ => Decide(ledger) };
        }

        SampleLedger undisturbed = SampleLedger.Empty(12);
        while (undisturbed.Steps < ledger.Steps)
        {
            undisturbed = Decide(undisturbed);
        }

        Assert.Equal(undisturbed.Hash, ledger.Hash);
        Assert.Equal(wasted, ledger.Recomputed);
        Assert.Equal(ledger.NextSample, ledger.Contributed + ledger.Skipped);
    });

    [Fact]
    public void Two_rollbacks_are_one() => (from steps in Gen.Long[0, 50] from a in Gen.Long[0, steps] from b in Gen.Long[0, a] select (steps, a, b)).Sample(c =>
    {
        SampleLedger ledger = After(c.steps);
        return ledger.RollBack(c.a).RollBack(c.b).Equals(ledger.RollBack(c.b)) && ledger.BeginsWith(ledger.RollBack(c.b)) && (c.b == c.steps || !ledger.RollBack(c.b).BeginsWith(ledger));
    });

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        SampleLedger ledger = After(5);
        Assert.Contains("DA-1", Assert.Throws<InvalidOperationException>(() => ledger.Commit(4)).Message, StringComparison.Ordinal);
        Assert.Contains("DA-1", Assert.Throws<InvalidOperationException>(() => ledger.Skip(6)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.RollBack(6));
    }

    [Fact]
    public void A_history_that_skipped_a_step_is_another_one()
    {
        SampleLedger a = After(3).Commit(3), b = After(3).Skip(3);
        Assert.NotEqual(a.Hash, b.Hash);
        Assert.False(a.Commit(4).BeginsWith(b));
        Assert.Equal(a.Contributed - 12, b.Contributed);
    }

    [Fact]
    public void Json_brings_back_the_same_ledger() => Gen.Long[0, 40].Sample(steps =>
    {
        SampleLedger ledger = After(steps).Discard();
        return SampleLedger.FromJson(ledger.ToJson()).Equals(ledger) && SampleLedger.FromJson(ledger.ToJson()).Hash == ledger.Hash;
    });

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not json")]
    [InlineData("""{"globalBatch":0}""")]
    [InlineData("""{"globalBatch":4,"steps":-1}""")]
    [InlineData("""{"globalBatch":4,"steps":2,"skippedSteps":[2]}""")]
    [InlineData("""{"globalBatch":4,"steps":2,"skippedSteps":[1,0]}""")]
    [InlineData("""{"globalBatch":4,"steps":2,"skippedSteps":null}""")]
    [InlineData("""{"globalBatch":4,"unknown":1}""")]
    public void A_ledger_that_cannot_be_is_refused_by_name(string json) =>
        Assert.StartsWith("ledger.json: ", Assert.Throws<CorpusException>(() => SampleLedger.FromJson(json, "ledger.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void The_audit_counts_what_counting_one_by_one_does() =>
        (from ranges in Gen.Select(Gen.Long[0, 60], Gen.Long[0, 12]).Array[0, 12] from expected in Gen.Long[0, 70] select (ranges, expected)).Sample(c =>
        {
            var times = new int[80];
            foreach ((long first, long count) in c.ranges)
            {
                for (long i = first; i < first + count; i++)
                {
                    times[i]++;
                }
            }

            var naive = new SampleAudit(times.Count(t => t > 0), times.Take((int)c.expected).Count(t => t == 0), times.Sum(t => Math.Max(0, t - 1)));
            Assert.Equal(naive, SampleAudit.Of(c.ranges.Select(r => new SampleRange(r.Item1, r.Item2)), c.expected));
        });

    private static SampleLedger After(long steps)
    {
        SampleLedger ledger = SampleLedger.Empty(12);
        while (ledger.Steps < steps)
        {
            ledger = Decide(ledger);
        }

        return ledger;
    }

    /// <summary>Whether a step is skipped depends on the step alone, as in a deterministic run.</summary>
    private static SampleLedger Decide(SampleLedger ledger) => ledger.Steps % 7 == 3 ? ledger.Skip(ledger.Steps) : ledger.Commit(ledger.Steps);
}
