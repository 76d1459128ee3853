using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("MoeActors.Compute.Tests")]
[assembly: InternalsVisibleTo("MoeActors.Actors.Tests")]
