namespace MoeActors.Compute.Specs;

/// <summary>A run was given more steps than its record had.</summary>
public sealed record RunExtension
{
    /// <summary>Completed steps of its newest checkpoint then: steps up to it, computed again or not, are as the record said before.</summary>
    public required long After { get; init; }

    /// <summary>Steps it had.</summary>
    public required int From { get; init; }

    /// <summary>Steps it was given.</summary>
    public required int To { get; init; }

    /// <summary>When (UTC).</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: user@machine.</summary>
    public required string By { get; init; }

    /// <summary>The training section before it: with the steps, the learning-rate schedule may have changed, nothing else.</summary>
    public required TrainingSpec Before { get; init; }
}
