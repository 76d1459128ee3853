using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

public sealed class OutcomeCodesTests
{
    [Theory]
    [InlineData(FailureCause.Data, ExitCodes.Data)]
    [InlineData(FailureCause.Configuration, ExitCodes.Configuration)]
    [InlineData(FailureCause.Checkpoint, ExitCodes.Checkpoint)]
    [InlineData(FailureCause.Resources, ExitCodes.Resources)]
    [InlineData(FailureCause.NonFinite, ExitCodes.NonFinite)]
    [InlineData(FailureCause.RestartBudget, ExitCodes.RestartBudget)]
    [InlineData(FailureCause.Poison, ExitCodes.Poison)]
    [InlineData(FailureCause.Unexpected, ExitCodes.Unexpected)]
    [InlineData(FailureCause.None, ExitCodes.Unexpected)]
    public void Each_kind_of_failure_has_its_exit_code(FailureCause cause, int code) => Assert.Equal(code, OutcomeCodes.Of(cause));

    [Fact]
    public void No_kind_is_forgotten() => Assert.Equal(9, Enum.GetValues<FailureCause>().Length);
}
