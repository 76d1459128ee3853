using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

public sealed class EvictedProcessesTests
{
    private readonly EvictedProcesses evicted = new(TimeSpan.FromSeconds(4));

    [Fact]
    public void A_member_that_is_none_any_more_but_lives_is_ended_once_after_a_while()
    {
        Assert.Empty(See(0, [1, 2], [1, 2]));
        Assert.Empty(See(1, [1], [1, 2]));
        Assert.Empty(See(4.9, [1], [1, 2]));
        Assert.Equal([2], See(5, [1], [1, 2]));
        Assert.Empty(See(20, [1], [1, 2]));
    }

    [Fact]
    public void One_that_has_not_joined_yet_is_left_alone()
    {
        Assert.Empty(See(0, [1], [1, 2]));
        Assert.Empty(See(60, [1], [1, 2]));
    }

    [Fact]
    public void A_coordinator_that_does_not_answer_or_knows_nobody_yet_says_nothing_of_anybody()
    {
        Assert.Empty(See(0, [1, 2], [1, 2]));
        Assert.Empty(See(1, [1], [1, 2]));
        Assert.Empty(See(2, null, [1, 2]));
        Assert.Empty(See(3, [], [1, 2]));
        Assert.Empty(See(6, [1], [1, 2]));
        Assert.Empty(See(9.9, [1], [1, 2]));
        Assert.Equal([2], See(10, [1], [1, 2]));
    }

    [Fact]
    public void Who_comes_back_begins_anew()
    {
        Assert.Empty(See(0, [1, 2], [1, 2]));
        Assert.Empty(See(1, [1], [1, 2]));
        Assert.Empty(See(4, [1, 2], [1, 2]));
        Assert.Empty(See(5, [1], [1, 2]));
        Assert.Empty(See(8.9, [1], [1, 2]));
        Assert.Equal([2], See(9, [1], [1, 2]));
    }

    private IReadOnlyList<int> See(double at, int[]? members, int[] living) => evicted.See(members, living, TimeSpan.FromSeconds(at));
}
