using System.Globalization;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>What eng/simulate.sh runs: one seed with its trace, or many schedules. Asked for by name only.</summary>
public sealed class ReplayTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public void Replay()
    {
        int seed = Number("MOE_SIMULATE_SEED", 1), count = Number("MOE_SIMULATE_SCHEDULES", 1);
        string? bug = Environment.GetEnvironmentVariable("MOE_SIMULATE_BUG");
        if (count > 1)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            IReadOnlyList<SimResult> results = Simulator.Run(seed, count);
            output.WriteLine(
                $"{count} schedules from seed {seed}: {results.Sum(r => r.Events)} events, {results.Sum(r => r.Faults.Count)} faults, {results.Sum(r => r.Epochs)} epochs, {results.Sum(r => r.FromMemory)} of them on from memory, "
                + $"{watch.Elapsed.TotalSeconds:0.0} s; {results.Count(r => r.Problem is not null)} break an invariant");
            SimResult[] broken = [.. results.Where(r => r.Problem is not null)];
            Assert.True(broken.Length == 0, string.Join<SimResult>('\n', broken));
            return;
        }

        var trace = new SimTrace();
        SimResult result = Simulator.Run(seed, bug is null ? null : SimMutations.All[bug](), trace);
        output.WriteLine(trace.ToString());
        Assert.True(result.Problem is null, $"seed {seed}: {result.Problem}");
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
