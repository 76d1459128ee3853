namespace MoeActors.Compute.Specs;

/// <summary>The run that another one takes its first weights from. Part of the lineage, but for the folder.</summary>
/// <param name="RunId">Id of that run.</param>
/// <param name="Step">Its completed steps then.</param>
/// <param name="WeightsHash">Hash of those weights, as its report would state it.</param>
/// <param name="Folder">Where it lay, absolute. Needed until the first checkpoint of the new run, that of step 0, is there.</param>
public sealed record RunOrigin(string RunId, long Step, string WeightsHash, string Folder);
