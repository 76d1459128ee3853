using MoeActors.Bench;
using MoeActors.Bench.Quality;

namespace MoeActors.Host.Tests.Benchmarks;

/// <summary>What `moe bench plt-quality` is asked for, and which runs come of it.</summary>
public sealed class QualityArgumentsTests
{
    [Fact]
    public void The_runs_are_those_asked_for_in_the_order_of_their_weight()
    {
        QualityOptions options = Arguments.Parse(
            ["plt-quality", "--steps", "1000", "--interval", "5", "--fault-every", "100", "--k", "1,4", "--levels", "one,two", "--dynamic", "--seeds", "none", "--data", "/t", "--set", "a=b"]).Quality;
        options.Validate();
        Assert.Equal((1000, 5, 9, 0, "/t"), (options.Steps, options.Interval, options.Faults, options.Seeds.Count, options.Data));
        Assert.Equal(["a=b"], options.Settings);
        Assert.Equal(["K=1 dynamic, two levels", "K=1, two levels", "K=4, two levels", "K=1, one level", "K=4, one level"], options.Disturbed.Select(r => r.Name));

        // Two levels: twice K in memory, never more than there are experts. One: storage alone.
        Assert.Contains("checkpoint.k-snapshot=6", options.Disturbed[2].Settings(experts: 6));
        Assert.Contains("checkpoint.k-snapshot=4", options.Disturbed[4].Settings(experts: 6));
        Assert.Contains("checkpoint.vault=off", options.Disturbed[4].Settings(experts: 6));
        Assert.Equal(["checkpoint.dynamic-k=on"], options.Disturbed[0].Settings(8).Where(s => s.Contains("dynamic", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--fault-every", "10", "more than --interval 10")]
    [InlineData("--fault-every", "2000", "less than --steps 2000")]
    [InlineData("--k", "0", "--k 0: numbers above 0")]
    [InlineData("--levels", "three", "--levels three: one, two")]
    public void What_cannot_be_run_is_said(string flag, string value, string says) =>
        Assert.Contains(says, Assert.Throws<BenchException>(() => Arguments.Parse(["plt-quality", flag, value]).Quality.Validate()).Message, StringComparison.Ordinal);
}
