// A user imports Stoa alone: columns, expressions and the protocols of user functions come with it.
@_exported import StoaColumns
@_exported import StoaPlan
@_exported import StoaTasks
