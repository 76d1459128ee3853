using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("MoeActors.Compute.Tests")]
