using MoeActors.Host.Configuration;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

public sealed class RestartPolicyTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);

    private static readonly SupervisionSettings Settings = new(
        Spares: 0, RestartBudget: 3, TimeSpan.FromMinutes(10), BackoffMin: TimeSpan.FromMilliseconds(100), BackoffMax: TimeSpan.FromMilliseconds(500), BackoffJitter: 0.5, TimeSpan.FromSeconds(5), TimeSpan.Zero);

    [Fact]
    public void The_first_restart_comes_after_the_shortest_pause() => Assert.Equal(TimeSpan.FromMilliseconds(100), Pause(0, Now));

    [Fact]
    public void Each_further_death_doubles_the_pause_up_to_the_longest()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(200), Pause(0, Now, Now));
        Assert.Equal(TimeSpan.FromMilliseconds(400), Pause(0, Now, Now, Now));
        SupervisionSettings patient = Settings with { RestartBudget = 1000 };
        Assert.Equal(TimeSpan.FromMilliseconds(500), RestartPolicy.Decide(patient, Enumerable.Repeat(Now, 900).ToArray(), Now, 0).Pause);
    }

    [Fact]
    public void Chance_lengthens_the_pause_by_no_more_than_the_jitter()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(125), Pause(0.5, Now));
        Assert.True(Pause(0.999, Now) < TimeSpan.FromMilliseconds(150));
    }

    [Fact]
    public void When_the_budget_is_used_up_it_is_not_started_again_and_the_reason_names_the_key()
    {
        (TimeSpan? pause, string reason) = RestartPolicy.Decide(Settings, [Now, Now, Now, Now], Now, 0);
        Assert.Null(pause);
        Assert.Equal("it died 4 times within 10 min: supervision.restart-budget = 3 is used up", reason);
    }

    [Fact]
    public void Deaths_before_the_window_are_forgiven()
    {
        DateTimeOffset before = Now - TimeSpan.FromMinutes(11);
        Assert.Equal(TimeSpan.FromMilliseconds(100), Pause(0, before, before, before, before, Now));
    }

    private static TimeSpan? Pause(double chance, params DateTimeOffset[] deaths) => RestartPolicy.Decide(Settings, deaths, Now, chance).Pause;
}
