using MoeActors.Actors.Faults;
using MoeActors.Actors.Tests.Clusters;
using MoeActors.Actors.Tests.Faults;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// Each kind of fault is one that would show: with a defence against it switched off an invariant fails; with the defence none does, and without the fault, all else the same, none does either.
/// </summary>
[Collection(SimulationCollection.Name)]
[Trait("Tier", "integration")]
public sealed class DefenceTests(ITestOutputHelper output)
{
    /// <summary>Kinds whose effect needs real tensors or a real clock, and the test that has their defence off.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["nan-gradient"] = nameof(A_gradient_that_is_not_finite_shows_where_its_step_is_applied),
        ["corrupt-weights"] = nameof(SilentCorruptionTests.With_the_defence_off_the_result_is_another_and_nobody_notices),
        ["corrupt-moments"] = nameof(SilentCorruptionTests.With_the_defence_off_the_result_is_another_and_nobody_notices),
        ["clock-jump"] = nameof(AdminClockTests.By_the_wall_clock_a_fault_would_outlast_its_time),
    };

    public static TheoryData<string> Kinds => [.. Defence.All.Select(d => d.Kind)];

    [Fact]
    public void Every_kind_of_fault_has_a_test_with_a_defence_off() => Assert.Equal(
        FaultKinds.All.Select(k => k.Name).Order(StringComparer.Ordinal), Defence.All.Select(d => d.Kind).Concat(Elsewhere.Keys).Order(StringComparer.Ordinal));

    [Fact]
    public void A_gradient_that_is_not_finite_shows_where_its_step_is_applied()
    {
        SimResult Run(int seed, bool off, params IEnumerable<long> notFinite) => Simulator.Run(
            seed, off ? SimMutations.All["a step that is not finite is applied"]() : null, faults: [], setup: SimSetup.Of(seed) with { NotFinite = notFinite.ToHashSet() });
        Assert.NotNull(Run(1, off: true, 1).Problem);
        Assert.Null(Run(1, off: true).Problem);
        Assert.Null(Run(1, off: false, 1).Problem);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_fault_shows_where_its_defence_is_off_and_only_there(string kind)
    {
        Defence defence = Defence.All.Single(d => d.Kind == kind);
        Func<SimSeams> off = SimMutations.All[defence.Off];
        SimResult Run(int seed, Func<SimSeams>? seams, Func<SimFault, bool> wanted) => Simulator.Run(
            seed, seams?.Invoke(), faults: [.. SimSchedule.Of(seed, [.. defence.Faults, .. defence.Beside]).Where(wanted)]);
        bool Other(SimFault fault) => defence.Beside.Contains(fault.Kind);
        SimResult? found = Simulator.FirstProblem(1, 1000, seed => Run(seed, off, Other) is { Problem: not null } without && !defence.ShowsAnyway
            ? without with { Problem = null }
            : Run(seed, off, _ => true));
        Assert.True(found is not null, $"{kind}: with '{defence.Off}' no invariant fails");
        output.WriteLine($"{kind}: {found}");
        SimResult? defended = Simulator.FirstProblem(1, 60, seed => Run(seed, null, _ => true));
        Assert.True(defended is null, $"{kind}: {defended}");
    }
}
