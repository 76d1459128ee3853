namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The product's state machines under thousands of fault schedules in virtual time. A failure names its seed: <c>eng/simulate.sh --seed N</c> replays it.</summary>
[Collection(SimulationCollection.Name)]
public sealed class SimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void No_schedule_of_two_thousand_breaks_an_invariant() => Holds(1, 2000);

    [Fact]
    [Trait("Tier", "soak")]
    public void No_schedule_of_ten_thousand_breaks_an_invariant() => Holds(100_001, 10_000);

    private void Holds(int first, int count)
    {
        IReadOnlyList<SimResult> results = Simulator.Run(first, count);
        output.WriteLine($"{count} schedules, {results.Sum(r => r.Events)} events, {results.Sum(r => r.Epochs)} epochs, {results.Sum(r => r.FromMemory)} of them on from memory, {results.Sum(r => r.Faults.Count)} faults");
        Assert.True(
            results.All(r => r.Problem is null),
            string.Join('\n', results.Where(r => r.Problem is not null).Take(20)));
    }
}
