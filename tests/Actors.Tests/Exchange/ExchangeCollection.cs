namespace MoeActors.Actors.Tests.Exchange;

/// <summary>Tests that watch the process-wide count of live tensors run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExchangeCollection
{
    public const string Name = "exchange";
}
