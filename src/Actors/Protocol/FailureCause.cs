namespace MoeActors.Actors.Protocol;

/// <summary>What kind of thing went wrong, told from process to process beside the sentence for people: exit codes are made of it, never of words.</summary>
public enum FailureCause
{
    /// <summary>Nothing did, or nobody said what kind it was.</summary>
    None,

    /// <summary>Nobody foresaw it: a defect.</summary>
    Unexpected,

    /// <summary>A setting that cannot be.</summary>
    Configuration,

    /// <summary>Text or tokenizer missing, unreadable, too short or changed.</summary>
    Data,

    /// <summary>A checkpoint missing, damaged, or of another run.</summary>
    Checkpoint,

    /// <summary>Disk, memory, a file or a permission that is not there.</summary>
    Resources,

    /// <summary>Losses or gradients are not finite.</summary>
    NonFinite,

    /// <summary>The budget of failures without a step between is used up.</summary>
    RestartBudget,

    /// <summary>The same actor fails at the same step for the same reason each time.</summary>
    Poison,
}
