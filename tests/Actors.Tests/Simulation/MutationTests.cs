namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The simulator can fail: each of the listed bugs is found within a thousand schedules.</summary>
[Collection(SimulationCollection.Name)]
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Most = 1000;

    public static TheoryData<string> Bugs => [.. SimMutations.General.Keys];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_seeded_bug_is_found_within_a_thousand_schedules(string bug)
    {
        SimResult? found = Simulator.FirstProblem(1, Most, SimMutations.All[bug]);
        Assert.True(found is not null, $"{bug}: not found in {Most} schedules");
        output.WriteLine($"{bug}: {found} --bug '{bug}'");
    }

    [Fact]
    public void A_seed_gives_the_same_run_again()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var first = new SimTrace();
            var second = new SimTrace();
            Simulator.Run(seed, trace: first);
            Simulator.Run(seed, trace: second);
            Assert.Equal(first.ToString(), second.ToString());
        }
    }
}
