namespace MoeActors.Compute.Specs;

/// <summary>How a partial checkpoint's experts are chosen.</summary>
public enum ExpertChoice
{
    /// <summary>Least recently saved first.</summary>
    Sequential,

    /// <summary>Most unsaved tokens first.</summary>
    LoadAware,
}
